import CNetfilter
import CRoute
import Glibc
import Seams

/// A classic BPF program that decides which datagrams a socket gets, written without counting jumps.
///
/// Loads are big-endian; what netlink writes in the host's order is compared with swapped constants.
struct SocketFilter {
    /// Where a comparison goes on; labels stand behind it.
    enum Target {
        case next, take, leave
        case label(String)
    }
    private struct Step {
        let code: Int32
        let number: UInt32
        var yes = Target.next
        var no = Target.next
    }
    private var steps: [Step] = []
    private var labels: [String: Int] = [:]

    mutating func loadHalf(at offset: UInt32) { add(BPF_LD | BPF_H | BPF_ABS, offset) }
    /// Behind the offset that is in the index register.
    mutating func loadWord(behindIndex offset: UInt32) { add(BPF_LD | BPF_W | BPF_IND, offset) }
    mutating func loadByte(behindIndex offset: UInt32) { add(BPF_LD | BPF_B | BPF_IND, offset) }
    mutating func copyToIndex() { add(BPF_MISC | BPF_TAX, 0) }
    mutating func label(_ name: String) { labels[name] = steps.count }

    mutating func ifEqual(_ number: UInt32, _ yes: Target = .next, else no: Target = .next) {
        steps.append(Step(code: BPF_JMP | BPF_JEQ | BPF_K, number: number, yes: yes, no: no))
    }

    mutating func ifAny(of bits: UInt32, _ yes: Target = .next, else no: Target = .next) {
        steps.append(Step(code: BPF_JMP | BPF_JSET | BPF_K, number: bits, yes: yes, no: no))
    }

    /// Leaves the offset of the first attribute of this type, among those that begin at `offset`; 0 if there is none.
    mutating func findAttribute(_ type: some BinaryInteger, from offset: UInt32) {
        add(BPF_LD | BPF_IMM, offset)
        add(BPF_LDX | BPF_IMM, UInt32(type))
        add(BPF_LD | BPF_W | BPF_ABS, UInt32(bitPattern: SKF_AD_OFF + SKF_AD_NLATTR))
    }

    /// The same inside the attribute whose offset was found before.
    mutating func findNested(_ type: some BinaryInteger) {
        add(BPF_LDX | BPF_IMM, UInt32(type))
        add(BPF_LD | BPF_W | BPF_ABS, UInt32(bitPattern: SKF_AD_OFF + SKF_AD_NLATTR_NEST))
    }

    /// Whatever comes to the end of the program is left.
    func attach(to socket: NetlinkSocket) throws(DriverError) {
        var program = steps.enumerated().map { index, step in
            sock_filter(
                code: UInt16(step.code), jt: distance(from: index, to: step.yes), jf: distance(from: index, to: step.no), k: step.number)
        }
        program.append(sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0))
        program.append(sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max))
        let attached = program.withUnsafeMutableBufferPointer { filter in
            Result { () throws(DriverError) in
                try socket.set(SOL_SOCKET, SO_ATTACH_FILTER, sock_fprog(len: UInt16(filter.count), filter: filter.baseAddress))
            }
        }
        try attached.get()
    }

    private mutating func add(_ code: Int32, _ number: UInt32) { steps.append(Step(code: code, number: number)) }

    private func distance(from index: Int, to target: Target) -> UInt8 {
        switch target {
        case .next: return 0
        case .leave: return UInt8(steps.count - index - 1)
        case .take: return UInt8(steps.count - index)
        case .label(let name):
            guard let position = labels[name], position > index else { preconditionFailure("no label \(name) behind step \(index)") }
            return UInt8(position - index - 1)
        }
    }
}

/// A number of the host as a big-endian load sees it.
func asLoaded(_ number: UInt16) -> UInt32 { UInt32(number.bigEndian) }
