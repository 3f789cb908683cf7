import FarmWatching
import Glibc
import Testing

/// Counts reports and lets a test wait for the next.
private final class Reports: @unchecked Sendable {
    // A semaphore may be used from any thread.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func add() { sem_post(semaphore) }

    func comes(within seconds: Double = 10) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        let nanoseconds = deadline.tv_nsec + Int(seconds * 1e9)
        (deadline.tv_sec, deadline.tv_nsec) = (deadline.tv_sec + nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
        return sem_timedwait(semaphore, &deadline) == 0
    }
}

/// A directory that is watched.
private struct Watched {
    let directory: TemporaryDirectory
    let reports = Reports()
    let watcher: FarmWatcher

    init(_ prepare: (TemporaryDirectory) throws -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        try prepare(directory)
        watcher = try FarmWatcher(path: directory.farms.path, quiet: .milliseconds(20)) { [reports] in reports.add() }
    }

    /// Waits until a reading holds exactly these contents; each wait needs a report.
    func holds(_ contents: [String]) throws -> Bool {
        let wanted = contents.map { Array($0.utf8) }
        for _ in 0..<20 {
            guard reports.comes() else { return false }
            if try directory.farms.read().files.map(\.text) == wanted { return true }
        }
        return false
    }
}

@Suite struct FarmWatcherTests {
    @Test func fileCreatedChangedMovedAndRemovedIsReported() throws {
        let watched = try Watched()
        try watched.directory.write("farms.d/web.yaml", "1")
        #expect(try watched.holds(["1"]))
        try watched.directory.write("farms.d/web.yaml", "2")
        #expect(try watched.holds(["2"]))
        try watched.directory.write("new", "3")
        try watched.directory.move("new", to: "farms.d/web.yaml")
        #expect(try watched.holds(["3"]))
        watched.directory.remove("farms.d/web.yaml")
        #expect(try watched.holds([]))
    }

    /// As a volume of Kubernetes is renewed: files are links through `..data`, which is replaced in one step.
    @Test func linkSwappedInOneStepIsReported() throws {
        let watched = try Watched { directory in
            try directory.make("farms.d/..1")
            try directory.write("farms.d/..1/web.yaml", "1")
            try directory.link("farms.d/..data", to: "..1")
            try directory.link("farms.d/web.yaml", to: "..data/web.yaml")
        }
        try watched.directory.make("farms.d/..2")
        try watched.directory.write("farms.d/..2/web.yaml", "2")
        try watched.directory.link("farms.d/..next", to: "..2")
        try watched.directory.move("farms.d/..next", to: "farms.d/..data")
        watched.directory.remove("farms.d/..1")
        #expect(try watched.holds(["2"]))
    }

    @Test func filesElsewhereAreFollowedWhenAskedFor() throws {
        let watched = try Watched()
        let directory = watched.directory
        try directory.make("lists")
        try directory.write("lists/bad.txt", "1")
        watched.watcher.follow([directory.path("lists/bad.txt"), directory.path("later/worse.txt")])
        try directory.write("lists/other.txt", "not followed")
        #expect(!watched.reports.comes(within: 0.3))
        try directory.write("lists/bad.txt", "2")
        #expect(watched.reports.comes())
        try directory.write("new", "3")
        try directory.move("new", to: "lists/bad.txt")
        #expect(watched.reports.comes())
        directory.remove("lists/bad.txt")
        #expect(watched.reports.comes())
        try directory.make("later")
        try directory.write("later/worse.txt", "1")
        #expect(watched.reports.comes(), "found though there was no folder to watch")
        while watched.reports.comes(within: 0.3) {}
        watched.watcher.follow([])
        try directory.write("later/worse.txt", "2")
        #expect(!watched.reports.comes(within: 0.3))
        try directory.write("farms.d/web.yaml", "1")
        #expect(watched.reports.comes())
    }

    @Test func targetOfALinkIsFollowedInItsOwnDirectory() throws {
        let watched = try Watched { directory in
            try directory.make("store")
            try directory.write("store/web", "1")
            try directory.link("farms.d/web.yaml", to: "../store/web")
        }
        try watched.directory.write("store/web", "2")
        #expect(try watched.holds(["2"]))
        try watched.directory.write("store/web.new", "3")
        try watched.directory.move("store/web.new", to: "store/web")
        #expect(try watched.holds(["3"]))
    }

    @Test func directoryRemovedAndMadeAgainIsFollowed() throws {
        let watched = try Watched { try $0.write("farms.d/web.yaml", "1") }
        watched.directory.remove("farms.d")
        #expect(watched.reports.comes())
        try watched.directory.make("farms.d")
        try watched.directory.write("farms.d/web.yaml", "2")
        #expect(try watched.holds(["2"]))
        try watched.directory.write("farms.d/web.yaml", "3")
        #expect(try watched.holds(["3"]))
    }

    @Test func directoryThatIsALinkIsFollowedWhenItIsTurned() throws {
        let watched = try Watched { directory in
            directory.remove("farms.d")
            for number in ["1", "2"] {
                try directory.make("version\(number)")
                try directory.write("version\(number)/web.yaml", number)
            }
            try directory.link("farms.d", to: "version1")
        }
        try watched.directory.link("next", to: "version2")
        try watched.directory.move("next", to: "farms.d")
        #expect(try watched.holds(["2"]))
        try watched.directory.write("version2/web.yaml", "3")
        #expect(try watched.holds(["3"]))
    }

    /// Nobody watches the grandparent: the path is looked up every two seconds.
    @Test func directoryWhoseParentsComeLaterIsFound() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let farms = FarmDirectory(path: directory.path("a/b/farms.d"))
        let watcher = try FarmWatcher(path: farms.path, quiet: .milliseconds(20)) { reports.add() }
        for name in ["a", "a/b", "a/b/farms.d"] { try directory.make(name) }
        #expect(reports.comes())
        try directory.write("a/b/farms.d/web.yaml", "1")
        #expect(reports.comes())
        watcher.stop()
    }

    @Test func manyChangesAtOnceAreOneReport() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let watcher = try FarmWatcher(path: directory.farms.path, quiet: .milliseconds(300)) { reports.add() }
        for number in 0..<200 { try directory.write("farms.d/\(number).yaml", "farm: x") }
        #expect(reports.comes())
        #expect(try directory.farms.read().files.count == 200)
        #expect(!reports.comes(within: 0.5))
        watcher.stop()
    }

    @Test func changesWithoutEndAreReportedAllTheSame() throws {
        let watched = try Watched()
        var reported = false
        for number in 0..<2_000 where !reported {
            try watched.directory.write("farms.d/web.yaml", "\(number)")
            reported = watched.reports.comes(within: 0.005)
        }
        #expect(reported)
    }

    @Test func nothingIsReportedAfterStop() throws {
        let watched = try Watched()
        watched.watcher.stop()
        watched.watcher.stop()
        try watched.directory.write("farms.d/web.yaml", "1")
        #expect(!watched.reports.comes(within: 0.2))
    }
}
