import CNetfilter

/// One of the sixteen 32-bit registers of a rule's evaluation, 0 ..< 16.
struct Register: Equatable {
    let word: Int

    static let first = Register(word: 0)
    static let count = 16

    /// How nf_tables numbers it: by the four old 128-bit registers where they begin, as nft writes and the kernel dumps it.
    var number: UInt32 {
        word % 4 == 0 ? NFT_REG_1.rawValue + UInt32(word / 4) : NFT_REG32_00.rawValue + UInt32(word)
    }

    static func + (register: Register, words: Int) -> Register { Register(word: register.word + words) }
}
