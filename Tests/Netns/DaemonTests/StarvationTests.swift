import Glibc
import Testing

extension RealTraffic {
    /// A daemon that is held up, starved or lied to about the time takes nobody down.
    @Suite struct Starvation {
        private static let farm = FarmFile(
            listen: ["203.0.113.10:80"], backends: .init(1...10, families: [4]),
            health: "{ type: tcp, port: 80, interval: 200ms, timeout: 200ms, rise: 2, fall: 2 }")

        /// Runs the ordeal; no verdict may change meanwhile, and a death has to be noticed afterwards.
        private func outlasts(_ balancer: Balancer, _ ordeal: () throws -> Void) throws {
            try balancer.awaitAllUp(within: .seconds(30))
            let events = try EventLines(balancer, nudging: "web/b10")
            try ordeal()
            try balancer.awaitAnswer(within: .seconds(30))
            #expect(try balancer.status().backends.up == 10)
            let verdicts = try events.all.filter { $0.kind == "verdict" }
            #expect(verdicts.isEmpty, "\(verdicts)")
            try balancer.lab.killServers(of: "b1")
            try balancer.awaitHealth("down", of: "b1")
            try events.await("b1 is told to be down") { $0.kind == "verdict" && $0.backend == "b1" }
        }

        @Test func stoppedForTenSecondsItTakesNobodyDown() throws {
            let balancer = try Balancer(Self.farm)
            try outlasts(balancer) {
                balancer.signal(SIGSTOP)
                sleep(10)
                balancer.signal(SIGCONT)
                sleep(2)
            }
        }

        /// SCHED_IDLE beside two programs on each CPU that never sleep: what is left is below 1 % of a CPU.
        @Test func starvedItTakesNobodyDown() throws {
            let balancer = try Balancer(Self.farm)
            try outlasts(balancer) {
                let pid = try #require(balancer.daemon?.pid)
                try Program.succeed(["chrt", "--all-tasks", "--idle", "--pid", "0", "\(pid)"])
                let burners = try (0..<2 * sysconf(Int32(_SC_NPROCESSORS_ONLN))).map { _ in
                    try Program(["sh", "-c", "while :; do :; done"])
                }
                sleep(12)
                for burner in burners { burner.kill() }
                try Program.succeed(["chrt", "--all-tasks", "--other", "--pid", "0", "\(pid)"])
                sleep(1)
            }
        }

        /// The wall clock that the daemon sees jumps, by a library that is loaded before all others; the machine's is left alone.
        @Test func anHourForthAndBackItTakesNobodyDown() throws {
            let balancer = try Balancer(notStartedWith: ["farm": Self.farm.text])
            let (library, shift) = (balancer.directory + "/clock.so", balancer.directory + "/shift")
            try Self.clock.save(as: balancer.directory + "/clock.c")
            try Program.succeed(["gcc", "-shared", "-fPIC", "-O1", "-o", library, balancer.directory + "/clock.c"])
            try "0".save(as: shift)
            balancer.environment = ["LD_PRELOAD=\(library)", "CLOCK_SHIFT_FILE=\(shift)"]
            try balancer.start()
            try outlasts(balancer) {
                for seconds in [3600, 0, -3600, 0] {
                    try "\(seconds)".save(as: shift)
                    sleep(2)
                    try Self.expect(balancer, toBeAheadBy: seconds)
                }
            }
        }

        /// The library does lie: what the daemon dates is off by as much.
        private static func expect(_ balancer: Balancer, toBeAheadBy seconds: Int) throws {
            _ = try balancer.lbctl("backend", "weight", "web/b10", seconds == 0 ? "1" : "2").text()
            let change = try #require(try balancer.status().lastChange)
            let dated = try Program.succeed(["date", "-u", "-d", change.at, "+%s"]).split(separator: "\n").first.flatMap { Int($0) }
            let ahead = try #require(dated) - time(nil)
            #expect(abs(ahead - seconds) <= 5, "\(change.at) is \(ahead) s ahead")
        }

        private static let clock = """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>

            static long shift(void) {
                char text[32] = {0};
                int file = open(getenv("CLOCK_SHIFT_FILE"), O_RDONLY | O_CLOEXEC);
                if (file < 0) return 0;
                long count = read(file, text, sizeof text - 1);
                close(file);
                return count > 0 ? atol(text) : 0;
            }
            int clock_gettime(clockid_t clock, struct timespec *time) {
                int result = syscall(SYS_clock_gettime, clock, time);
                if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift();
                return result;
            }
            int gettimeofday(struct timeval *time, void *zone) {
                struct timespec now;
                clock_gettime(CLOCK_REALTIME, &now);
                time->tv_sec = now.tv_sec;
                time->tv_usec = now.tv_nsec / 1000;
                return 0;
            }
            time_t time(time_t *result) {
                struct timespec now;
                clock_gettime(CLOCK_REALTIME, &now);
                if (result) *result = now.tv_sec;
                return now.tv_sec;
            }
            """
    }
}
