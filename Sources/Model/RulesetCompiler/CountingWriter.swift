import FarmModel
import NetTypes
import Ruleset

extension FarmWriter {
    /// An element for each backend, usable or not, of what the farm counts.
    mutating func writeCounting(_ mouth: Mouth, _ moving: MovingSlots?) {
        guard let counting = farm.counters, counting != .off else { return }
        writePolicyHits(mouth)
        if farm.mode.usesConntrack {
            writeTrackedCounting(mouth, counting == .traffic ? [.connections, .requests, .replies] : [.connections])
        } else if counting == .traffic {
            writeDirectCounting(mouth, moving?.backends ?? [])
        }
    }

    private mutating func writePolicyHits(_ mouth: Mouth) {
        let keys = CountedKeys(mouth)
        let table: TableFamily = farm.path == .translate ? .inet : .netdev
        for (index, policy) in farm.policies.enumerated() {
            let rules = PolicyRules(policy, farm, plan.sources.of(policy: index, mouth.family), mouth.family, isWhole: keys.isWhole)
            guard let hits = rules?.hits else { continue }
            var identity: [UInt8] = []
            mouth.key.append(to: &identity)
            count(identity, .init(table, hits.setName(keys), PolicyHits.type(keys)), .policy, mouth, policy.name)
        }
    }

    private mutating func writeTrackedCounting(_ mouth: Mouth, _ kinds: [Counted]) {
        let keys = CountedKeys(mouth)
        for backend in farm.backends where backend.address.family == mouth.family {
            var identity: [UInt8] = []
            mouth.key.append(to: &identity, backend: backend.address, ports: mouth.ports(of: backend))
            for kind in kinds {
                let name = TrackedCounting.setName(kind, keys)
                count(identity, .init(.inet, name, TrackedCounting.type(keys)), kind, mouth, backend.name)
            }
        }
    }

    /// Backends that slots had before count on while their flows go on.
    private mutating func writeDirectCounting(_ mouth: Mouth, _ former: [FormerBackend]) {
        let current = zip(farm.backends, conditions).map { FormerBackend(backend: $0, nextHop: $1.nextHop) }
        for entry in current + former where entry.backend.address.family == mouth.family {
            countRequests(mouth, entry)
            if farm.mode == .stateless { countReplies(mouth, entry.backend) }
        }
    }

    private mutating func countRequests(_ mouth: Mouth, _ entry: FormerBackend) {
        let keys = CountedKeys(mouth)
        // A dsr backend without a next hop gets nothing that could be counted.
        guard let number = farm.mode == .stateless ? self.number(of: entry.backend, mouth) : entry.nextHop?.label.octets
        else { return }
        var identity: [UInt8] = []
        mouth.key.append(to: &identity, number: number)
        let kinds: [Counted] = [.tcp, .all].contains(mouth.listener.transport) ? [.requests, .connections] : [.requests]
        for kind in kinds {
            count(
                identity, .init(.netdev, DirectCounting.setName(kind, keys), DirectCounting.type(keys)), kind, mouth,
                entry.backend.name)
        }
    }

    private mutating func countReplies(_ mouth: Mouth, _ backend: Backend) {
        let keys = CountedKeys(mouth)
        let key = KeyWriter(backend.address, mouth.listener.transport, mouth.ports(of: backend), isRange: mouth.key.isRange)
        let listener = BackendNumber.octets(mouth.listener.address, port: mouth.form == .kept ? 0 : mouth.ports.first)
        var identity: [UInt8] = []
        key.append(to: &identity, number: listener)
        count(
            identity, .init(.inet, DirectCounting.setName(.replies, keys), DirectCounting.type(keys)), .replies, mouth, backend.name)
    }

    private mutating func count(_ identity: [UInt8], _ set: CompiledFarm.SetName, _ kind: Counted, _ mouth: Mouth, _ subject: String) {
        rows[set] += identity
        counted.append(
            CountedElement(
                table: set.table, set: set.name, identity: identity, counted: kind, listener: mouth.listener.description,
                subject: subject))
    }
}
