import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// What a socket needs to go through a farm's rules.
struct MarkedPassage {
    let value: UInt32
    /// Nil leaves it to routing.
    let source: IPAddress?
    let port: UInt16

    /// 0, or the errno.
    func mark(_ descriptor: Int32) -> Int32 {
        withUnsafePointer(to: value) {
            setsockopt(descriptor, SOL_SOCKET, SO_MARK, $0, socklen_t(MemoryLayout<UInt32>.size)) == 0 ? 0 : errno
        }
    }
}
