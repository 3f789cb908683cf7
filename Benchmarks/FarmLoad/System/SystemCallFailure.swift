import CLinux
import Glibc

/// A system call that failed, by its name and errno.
struct SystemCallFailure: Error, CustomStringConvertible {
    let call: String
    let code: Int32

    init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// The result of a call that answers -1 on failure.
@discardableResult
func checked(_ call: String, _ result: Int32) throws -> Int32 {
    guard result >= 0 else { throw SystemCallFailure(call) }
    return result
}
