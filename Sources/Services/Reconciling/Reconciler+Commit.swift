import ReconcilePolicy
import Ruleset
import Seams

extension Reconciler {
    /// Sends what the kernel lacks. True when the kernel now has what is desired.
    ///
    /// `isRoutine`: a change of which only failure is told, as it comes several times a second.
    @discardableResult
    func reconcile(author: String, because cause: String, isRoutine: Bool = false) -> Bool {
        land()
        defer { publish() }
        guard !isHolding else { return false }
        let target = desired.ruleset
        do {
            let batch = try commit(target)
            (isDrifted, retryDelay) = (false, Self.firstRetry)
            followUp()
            followHandovers()
            followPolicy()
            if let batch, !isRoutine { tellChange(batch, author: author, cause) }
            return true
        } catch {
            fail(author: author, cause, error)
            return false
        }
    }

    func tellChange(_ batch: Batch, author: String, _ cause: String) {
        changes.record(author: author, ok: true, cause)
        let elements = "\(batch.elementsAdded) added, \(batch.elementsRemoved) removed"
        events.post(.change, "\(cause) (\(author); elements: \(elements); generation \(generation))")
    }

    /// What has to wait until the kernel has said yes.
    private func followUp() {
        if !deadBackends.isEmpty { sweeper.sweep(deadBackends) }
        deadBackends = []
        // A restart finds out by the last good files which backend an element names that is not configured any more: those in transition
        // have to be stored first.
        if filesToKeep != nil {
            Task {
                await saveHandovers()
                await keepFiles()
            }
        }
    }

    /// Remembers the files that the kernel has; they stay to be remembered until it has worked.
    func keepFiles() async {
        guard let files = filesToKeep else { return }
        filesToKeep = nil
        do throws(StateFault) {
            try await loader.keep(files)
            note(nil, of: .lastGood)
        } catch {
            filesToKeep = filesToKeep ?? files
            note(error, of: .lastGood)
        }
    }

    /// Commits the difference and returns it; nil when there is none. Decides again on what is there when something came between.
    private func commit(_ target: Ruleset) throws(DriverError) -> Batch? {
        var hasLooked = false
        for attempt in 1... {
            var batch = committed.batch(to: target, touched: desired.touched)
            if handovers.hasFresh, !desired.isInTransition { batch.operations += freshFlushes }
            guard !batch.isEmpty else {
                settle(target, desired.touched)
                desired.settled()
                return nil
            }
            readLosses(of: batch)
            let start = ContinuousClock.now
            do {
                generation = try send(batch)
                settle(batch, target, desired.touched, took: ContinuousClock.now - start)
                desired.settled()
                return batch
            } catch {
                guard attempt < Self.commitAttempts else { throw error }
                switch error.kind {
                // Nobody else can have changed tables that we own: only the number is out of date.
                case .staleGeneration where driver.ownsTables: generation = try driver.generation()
                // Refused again by a kernel that we have looked at: it cannot do what is wanted.
                case .refused where hasLooked: throw error
                case .staleGeneration, .refused:
                    try adopt(target)
                    hasLooked = true
                default: throw error
                }
            }
        }
        return nil
    }

    /// What elements and rules have counted that the batch is about to delete.
    func readLosses(of batch: Batch) {
        if RefusalTotals.isLosing(batch, of: committed) { readRefusals() }
        if TrafficTotals.isLosing(batch, of: committed) { readTraffic() }
    }

    /// The kernel has taken the batch.
    func settle(_ batch: Batch, _ target: Ruleset, _ fragments: Set<Fragment>?, took duration: Duration) {
        ownsTables = driver.ownsTables
        settleRefusals(batch)
        settleTraffic(batch)
        settle(target, fragments)
        counters.commits += 1
        counters.lastCommit = duration
        counters.firstCommit = counters.firstCommit ?? duration
    }

    private func settle(_ target: Ruleset, _ fragments: Set<Fragment>?) {
        committed = target
        noteCounted(fragments)
    }

    /// While nobody owns the tables we listen for changes of others, but not to the thousands of notices of our own bulk load.
    private func send(_ batch: Batch) throws(DriverError) -> UInt32 {
        guard !driver.ownsTables, batch.elementsAdded + batch.elementsRemoved > Self.bulk else {
            return try driver.commit(batch, expecting: generation)
        }
        try notices.follow(false)
        let outcome = Result { () throws(DriverError) in try driver.commit(batch, expecting: generation) }
        try notices.follow(true)
        let made = try outcome.get()
        // Somebody was quicker than our return to the group: look again.
        if try driver.generation() != made { inbox.post([.overrun(.tables)]) }
        return made
    }

    /// Takes what the kernel holds as committed.
    func adopt(_ target: Ruleset) throws(DriverError) {
        var dump = try driver.dump(recognising: target)
        if !dump.foreign.isEmpty { for index in dump.ruleset.tables.indices { dump.ruleset.tables[index].isForeign = true } }
        (committed, generation) = (dump.ruleset, dump.generation)
        desired.unsettle()
        for name in dump.foreign { log.warning("something in our tables is not ours; they are replaced", metadata: ["object": "\(name)"]) }
    }

    func fail(author: String, _ cause: String, _ error: DriverError) {
        isDrifted = true
        counters.commitFailures += 1
        changes.record(author: author, ok: false, "\(cause): \(error)")
        events.post(.change, "failed: \(cause): \(error)")
        log.error(
            "the kernel refused a change; what runs goes on running",
            metadata: [
                "cause": "\(cause)", "error": "\(error)", "retry": "\(retryDelay)",
            ])
        scheduleRetry()
    }

    private func scheduleRetry() {
        guard !isRetryPlanned else { return }
        isRetryPlanned = true
        inbox.postRetry(after: retryDelay)
        retryDelay = min(retryDelay * 2, Self.lastRetry)
    }

    func retry() {
        isRetryPlanned = false
        guard isDrifted else { return }
        resynchronize(author: "repair", because: "a change that failed is tried again")
    }

    /// A transaction was committed. If our tables can be changed by others and we do not know of it yet, look, and repair.
    ///
    /// Known is all up to our last commit: it would have failed had anybody come between. Who did it does not tell: the kernel names the
    /// thread, by its number outside of containers.
    func notice(generation id: UInt32, _ author: KernelEvent.Author) {
        land()
        guard Int32(bitPattern: id &- generation) > 0 else { return }
        if driver.ownsTables {
            generation = id
        } else {
            resynchronize(author: "repair", because: "\(author) changed our tables")
        }
    }

    /// Reads the kernel whole and sends what differs.
    func resynchronize(author: String, because cause: String) {
        guard !isHolding else { return }
        do {
            try adopt(desired.ruleset)
        } catch {
            fail(author: author, cause, error)
            return
        }
        if !committed.batch(to: desired.ruleset).isEmpty {
            counters.repairs += 1
            events.post(.drift, cause)
            log.warning("drift found; repairing", metadata: ["cause": "\(cause)"])
        }
        reconcile(author: author, because: cause)
    }
}

extension Reconciler {
    /// Removes our tables: what "stop and clear" asks for.
    public func clear() throws(DriverError) {
        let batch = committed.batch(to: Ruleset())
        guard !batch.isEmpty else { return }
        readRefusals()
        readTraffic()
        generation = try driver.commit(batch, expecting: nil)
        settleRefusals(batch)
        settleTraffic(batch)
        committed = Ruleset()
    }
}
