import Glibc
import Seams

extension DriverError {
    /// What the kernel refused, in words: `purpose` completes "cannot …".
    static func failed(_ purpose: String, _ code: Int32, kernelText: String? = nil) -> DriverError {
        let remedy = code == EPERM || code == EACCES ? "; CAP_NET_ADMIN is needed" : ""
        let message = "cannot \(purpose): \(String(cString: strerror(code)))\(remedy)"
        return DriverError(kind: kind(of: code), errno: code, kernelText: kernelText, message: message)
    }

    private static func kind(of code: Int32) -> Kind {
        switch code {
        case EPERM, EACCES: .notPermitted
        case ENOMEM, ENFILE, ENOBUFS, EMSGSIZE, EMFILE: .noRoom
        case EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT: .unsupported
        case EBADF, ETIMEDOUT, EBADMSG: .broken
        default: .refused
        }
    }
}
