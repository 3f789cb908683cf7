import COpenSSL

/// What is known of a peer's certificate after the handshake.
struct TLSCertificate: Equatable {
    /// Whole days until its end, negative after it.
    let daysLeft: Int
    /// The day of its end, as in "2027-03-01".
    let lastDay: String
    /// What is wrong with it or its chain; nil when it is valid.
    let fault: String?

    init(daysLeft: Int, lastDay: String, fault: String?) { (self.daysLeft, self.lastDay, self.fault) = (daysLeft, lastDay, fault) }

    init(_ certificate: OpaquePointer, verifyResult: Int) {
        var (days, seconds, end) = (Int32(0), Int32(0), tm())
        let notAfter = X509_get0_notAfter(certificate)
        _ = ASN1_TIME_diff(&days, &seconds, nil, notAfter)
        _ = ASN1_TIME_to_tm(notAfter, &end)
        daysLeft = seconds < 0 ? Int(days) - 1 : Int(days)
        lastDay = Self.day(end)
        fault = verifyResult == Int(X509_V_OK) ? nil : Self.words(Int32(verifyResult), lastDay: lastDay, daysLeft: daysLeft)
    }

    private static func day(_ time: tm) -> String {
        func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(1900 + time.tm_year)-\(padded(time.tm_mon + 1))-\(padded(time.tm_mday))"
    }

    /// In an operator's words; OpenSSL's for what is rare.
    private static func words(_ code: Int32, lastDay: String, daysLeft: Int) -> String {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            daysLeft < 0 ? "certificate expired on \(lastDay)" : "a certificate of the issuer has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID: "certificate is not valid yet"
        case X509_V_ERR_HOSTNAME_MISMATCH: "certificate is for another name"
        case X509_V_ERR_IP_ADDRESS_MISMATCH: "certificate is not for this address"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "certificate is self-signed"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            "certificate is of an unknown CA"
        default: "certificate is not valid: \(String(cString: X509_verify_cert_error_string(Int(code))))"
        }
    }
}

enum TLSWords {
    /// OpenSSL's reason for what has just failed on this thread, as in "wrong version number".
    static var lastError: String {
        let code = ERR_get_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "broken off" }
        return String(cString: reason)
    }
}
