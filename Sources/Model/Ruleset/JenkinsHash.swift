/// jhash as the kernel computes it (include/linux/jhash.h, after Jenkins' lookup3), on a little-endian host.
public func jhash(_ key: some Collection<UInt8>, seed: UInt32) -> UInt32 {
    let key = Array(key)
    let start = 0xDEAD_BEEF &+ UInt32(key.count) &+ seed
    var state = (a: start, b: start, c: start)
    var offset = 0
    while key.count - offset > 12 {
        state.a &+= word(key, offset)
        state.b &+= word(key, offset + 4)
        state.c &+= word(key, offset + 8)
        mix(&state)
        offset += 12
    }
    guard key.count > offset else { return state.c }
    state.a &+= word(key, offset)
    state.b &+= word(key, offset + 4)
    state.c &+= word(key, offset + 8)
    finish(&state)
    return state.c
}

/// Scales a hash to 0 ..< modulus without dividing (reciprocal_scale, include/linux/math.h): not the remainder.
public func scaled(_ hash: UInt32, to modulus: UInt32) -> UInt32 {
    // In Swift a shift binds tighter than a product: without the parentheses the result is always 0.
    UInt32((UInt64(hash) * UInt64(modulus)) >> 32)
}

/// Up to four octets, least significant first; what is behind the end counts as zero.
private func word(_ key: [UInt8], _ offset: Int) -> UInt32 {
    var result: UInt32 = 0
    for index in 0..<4 where offset + index < key.count { result |= UInt32(key[offset + index]) << UInt32(8 * index) }
    return result
}

private func rotated(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }

private func mix(_ s: inout (a: UInt32, b: UInt32, c: UInt32)) {
    s.a &-= s.c
    s.a ^= rotated(s.c, 4)
    s.c &+= s.b
    s.b &-= s.a
    s.b ^= rotated(s.a, 6)
    s.a &+= s.c
    s.c &-= s.b
    s.c ^= rotated(s.b, 8)
    s.b &+= s.a
    s.a &-= s.c
    s.a ^= rotated(s.c, 16)
    s.c &+= s.b
    s.b &-= s.a
    s.b ^= rotated(s.a, 19)
    s.a &+= s.c
    s.c &-= s.b
    s.c ^= rotated(s.b, 4)
    s.b &+= s.a
}

private func finish(_ s: inout (a: UInt32, b: UInt32, c: UInt32)) {
    s.c ^= s.b
    s.c &-= rotated(s.b, 14)
    s.a ^= s.c
    s.a &-= rotated(s.c, 11)
    s.b ^= s.a
    s.b &-= rotated(s.a, 25)
    s.c ^= s.b
    s.c &-= rotated(s.b, 16)
    s.a ^= s.c
    s.a &-= rotated(s.c, 4)
    s.b ^= s.a
    s.b &-= rotated(s.a, 14)
    s.c ^= s.b
    s.c &-= rotated(s.b, 24)
}
