import FarmModel

/// A kind of text with a bound and the characters that may occur in it.
struct TextForm: Sendable {
    /// As it stands in a message: "a name of letters, digits, …".
    let rule: String
    let maximumLength: Int
    /// The same rule for editors (ECMA 262).
    let pattern: String?
    let code: FaultCode
    let allows: @Sendable (String) -> Bool

    func accepts(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.count <= maximumLength && allows(text)
    }

    static let farmName = TextForm(
        rule: "a letter or digit, then letters, digits, \".\", \"_\" or \"-\", at most 48 characters", maximumLength: 48,
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$", code: .badName,
        allows: { text in
            text.utf8.first.map(isAlphanumeric) == true && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
        })

    /// Wider than a farm's name, so that an endpoint's text is one.
    static let backendName = TextForm(
        rule: "letters, digits, \".\", \"_\", \"-\", \":\" or brackets, at most 64 characters", maximumLength: 64,
        pattern: #"^[A-Za-z0-9\[][A-Za-z0-9._:\[\]-]*$"#, code: .badName,
        allows: { text in
            guard let first = text.utf8.first, isAlphanumeric(first) || first == 0x5B else { return false }
            return text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x3A, 0x5B, 0x5D, 0x5F].contains($0) }
        })

    static let description = TextForm(
        rule: "text without control characters, at most 512 characters", maximumLength: 512, pattern: nil, code: .badText,
        allows: { text in text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || !isControl($0) } })

    static let method = TextForm(
        rule: "an HTTP method in capitals, at most 16 letters", maximumLength: 16, pattern: "^[A-Z]+$", code: .badText,
        allows: { text in text.utf8.allSatisfy { (0x41...0x5A).contains($0) } })

    static let path = TextForm(
        rule: "a path that begins with \"/\", of printable ASCII without spaces, at most 2048 characters", maximumLength: 2048,
        pattern: "^/[!-~]*$", code: .badText, allows: { text in text.utf8.first == 0x2F && isVisibleASCII(text) })

    static let host = TextForm(
        rule: "a host name, with a port if need be, of printable ASCII without spaces, at most 255 characters", maximumLength: 255,
        pattern: "^[!-~]+$", code: .badText, allows: isVisibleASCII)

    /// What nft can write and read again in quotes.
    static let logPrefix = TextForm(
        rule: "printable ASCII without quotes, \"\\\" and \"$\", at most 64 characters", maximumLength: 64, pattern: #"^[ !#%-\[\]-~]+$"#,
        code: .badText,
        allows: { text in text.utf8.allSatisfy { (0x20...0x7E).contains($0) && ![0x22, 0x24, 0x5C].contains($0) } })

    static let filePath = TextForm(
        rule: "a path without control characters, at most 1024 characters", maximumLength: 1024, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains(where: isControl) })

    static let body = TextForm(
        rule: "text, at most 1024 characters", maximumLength: 1024, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains("\0") })
}

/// What probes by datagram, TLS and programs say.
extension TextForm {
    static let domainName = TextForm(
        rule: "a domain name of letters, digits, \"-\" and \"_\", or \".\", at most 253 characters", maximumLength: 253,
        pattern: #"^(\.|[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?)$"#, code: .badText,
        allows: { text in
            let labels = (text.hasSuffix(".") ? text.dropLast() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
            return text == "."
                || labels.allSatisfy { label in
                    (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x5F].contains($0) }
                }
        })

    static let record = TextForm(
        rule: "the text of a record, at most 255 characters", maximumLength: 255, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains(where: isControl) })

    static let serverName = TextForm(
        rule: "a host name or an address, at most 253 characters", maximumLength: 253, pattern: "^[A-Za-z0-9.:_-]+$", code: .badText,
        allows: { text in text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x3A, 0x5F].contains($0) } })

    static let absolutePath = TextForm(
        rule: "a path that begins with \"/\", without control characters, at most 1024 characters", maximumLength: 1024, pattern: "^/",
        code: .badText, allows: { text in text.hasPrefix("/") && !text.unicodeScalars.contains(where: isControl) })

    static let argument = TextForm(
        rule: "text without control characters, at most 1024 characters", maximumLength: 1024, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains(where: isControl) })

    static let userName = TextForm(
        rule: "the name of a user other than root, at most 32 characters", maximumLength: 32, pattern: "^[a-z_][a-z0-9_.-]*$",
        code: .badText,
        allows: { text in
            text != "root" && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
        })

    static let device = TextForm(
        rule: "the name of a network device, at most 15 characters", maximumLength: 15, pattern: "^[!-.0-~]+$", code: .badText,
        allows: { text in isVisibleASCII(text) && !text.contains("/") })

    static let jitter = TextForm(
        rule: "per cent of the interval, from 0% to 50%", maximumLength: 3, pattern: "^([0-9]|[1-4][0-9]|50)%$", code: .badText,
        allows: { text in text.hasSuffix("%") && DecimalText.integer(text.dropLast()).map { (0...50).contains($0) } == true })
}

@Sendable private func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
}

@Sendable private func isVisibleASCII(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

@Sendable private func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }

/// What probes send and expect.
extension TextForm {
    /// Headers that the probe writes itself, or that would change where its request ends.
    static let ownHeaders: Set<String> = ["host", "connection", "content-length", "transfer-encoding", "user-agent", "accept"]

    static let header = TextForm(
        rule: "\"Name: value\" of printable ASCII, at most 1024 characters, none of \(ownHeaders.sorted().joined(separator: ", "))",
        maximumLength: 1024, pattern: "^[!-9;-~]+:[\\t -~]*$", code: .badText,
        allows: { text in HTTPHeader(text).map { !ownHeaders.contains($0.name.lowercased()) } ?? false })

    static let answerHeader = TextForm(
        rule: "\"Name: value\" of printable ASCII, at most 256 characters", maximumLength: 256, pattern: "^[!-9;-~]+:[\\t -~]*$",
        code: .badText, allows: { text in HTTPHeader(text) != nil })

    static let pattern = TextForm(
        rule: "a regular expression, at most 512 characters", maximumLength: 512, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains("\0") })

    static let payload = TextForm(
        rule: "text, or pairs of hexadecimal digits behind \"hex:\", at most 4096 characters", maximumLength: 4096, pattern: nil,
        code: .badText, allows: PayloadText.isSound)

    static let account = TextForm(
        rule: "text without control characters, at most 128 characters", maximumLength: 128, pattern: nil, code: .badText,
        allows: { text in !text.unicodeScalars.contains(where: isControl) })

    static let grpcService = TextForm(
        rule: "a name of printable ASCII without spaces, at most 255 characters", maximumLength: 255, pattern: "^[!-~]+$", code: .badText,
        allows: isVisibleASCII)
}
