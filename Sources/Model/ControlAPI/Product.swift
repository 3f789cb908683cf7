/// What both programs say of themselves.
public enum Product {
    public static let version = "0.1.0"
    /// Where the daemon listens and the client looks unless told otherwise.
    public static let socketPath = "/run/zvnft/zvnftd.sock"
    /// The group that may use the socket.
    public static let group = "zvnft"
    public static let farmsDirectory = "/etc/zvnft/farms.d"
}
