import Glibc

/// The system's names of users and groups; nil when there is none, or when the system cannot say.
func groupIdentifier(named name: String) -> gid_t? {
    var (entry, found) = (group(), nil as UnsafeMutablePointer<group>?)
    return withTextBuffer { text, size in
        getgrnam_r(name, &entry, text, size, &found) == 0 && found != nil ? entry.gr_gid : nil
    }
}

func userName(of user: uid_t) -> String? {
    var (entry, found) = (passwd(), nil as UnsafeMutablePointer<passwd>?)
    return withTextBuffer { text, size in
        getpwuid_r(user, &entry, text, size, &found) == 0 && found != nil ? entry.pw_name.map { String(cString: $0) } : nil
    }
}

/// Where the strings of an entry are put. A group's entry lists its members: room for some thousands.
private func withTextBuffer<Answer>(_ ask: (UnsafeMutablePointer<CChar>, Int) -> Answer?) -> Answer? {
    let size = 64 << 10
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: size)
    defer { text.deallocate() }
    return ask(text, size)
}
