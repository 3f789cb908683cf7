import CNetfilter

/// One line for each expression: libnftnl's words without what differs between a rule sent and the same rule dumped.
enum NormalForm {
    static func text(_ expressions: [Expression]) -> String {
        expressions.compactMap { line($0.pointer) }.joined(separator: "\n")
    }

    static func name(_ expression: OpaquePointer) -> String {
        nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)).map { String(cString: $0) } ?? ""
    }

    /// Nil for an expression that does nothing.
    static func line(_ expression: OpaquePointer) -> String? {
        let name = name(expression)
        return switch name {
        case "counter": "counter"
        case "nat": nat(expression)
        case "lookup": lookup(expression)
        case "log": log(expression)
        // The kernel tells a timeout that nobody has set.
        case "dynset": "dynset \(print(expression).replacing(" timeout 0ms", with: ""))"
        case "byteorder" where number(expression, NFTNL_EXPR_BYTEORDER_LEN) < number(expression, NFTNL_EXPR_BYTEORDER_SIZE):
            // nft writes it for one-octet fields of ranges, where there is nothing to turn.
            nil
        default: "\(name) \(print(expression))"
        }
    }

    /// The kernel tells flags that nobody has set.
    private static func lookup(_ expression: OpaquePointer) -> String {
        let set = nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_LOOKUP_SET)).map { String(cString: $0) } ?? ""
        let hasResult = nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOOKUP_DREG))
        let result = hasResult ? " => reg \(number(expression, NFTNL_EXPR_LOOKUP_DREG))" : ""
        let flags = number(expression, NFTNL_EXPR_LOOKUP_FLAGS)
        return "lookup reg \(number(expression, NFTNL_EXPR_LOOKUP_SREG)) in \(set)\(result)\(flags == 0 ? "" : " flags \(flags)")"
    }

    /// The kernel tells a level that nobody has set.
    private static func log(_ expression: OpaquePointer) -> String {
        let prefix = nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_LOG_PREFIX)).map { String(cString: $0) } ?? ""
        // LOG_WARNING of syslog.h
        let level = nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOG_LEVEL)) ? number(expression, NFTNL_EXPR_LOG_LEVEL) : 4
        let group = nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOG_GROUP)) ? " to a group" : ""
        return "log \"\(prefix)\" level \(level) flags \(number(expression, NFTNL_EXPR_LOG_FLAGS))\(group)"
    }

    /// The kernel adds upper bounds that are the lower ones, and flags that say which bounds are there.
    private static func nat(_ expression: OpaquePointer) -> String {
        func pair(_ low: Int, _ high: Int) -> String {
            let (first, last) = (number(expression, low), number(expression, high))
            return last == 0 || last == first ? "\(first)" : "\(first)-\(last)"
        }
        let known = UInt32(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
        return """
            nat type \(number(expression, NFTNL_EXPR_NAT_TYPE)) family \(number(expression, NFTNL_EXPR_NAT_FAMILY)) \
            address \(pair(NFTNL_EXPR_NAT_REG_ADDR_MIN, NFTNL_EXPR_NAT_REG_ADDR_MAX)) \
            port \(pair(NFTNL_EXPR_NAT_REG_PROTO_MIN, NFTNL_EXPR_NAT_REG_PROTO_MAX)) \
            flags \(number(expression, NFTNL_EXPR_NAT_FLAGS) & ~known)
            """
    }

    private static func number(_ expression: OpaquePointer, _ attribute: Int) -> UInt32 {
        nftnl_expr_is_set(expression, UInt16(attribute)) ? nftnl_expr_get_u32(expression, UInt16(attribute)) : 0
    }

    private static func print(_ expression: OpaquePointer) -> String {
        var buffer = [CChar](repeating: 0, count: 1024)
        nftnl_expr_snprintf(&buffer, buffer.count, expression, UInt32(NFTNL_OUTPUT_DEFAULT.rawValue), 0)
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
