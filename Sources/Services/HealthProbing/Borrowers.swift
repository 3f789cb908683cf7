/// Which target's probe a lent socket carries.
struct Borrowers {
    private struct Loan {
        var added: UInt32 = 0
        var number: Int32 = -1
    }

    /// By descriptor; the kernel gives out the lowest that is free.
    private var loans: [Loan] = []

    /// The poller has been told of it. `added` tells it from earlier sockets of the same descriptor.
    mutating func add(_ descriptor: Int32, added: UInt32) {
        while loans.count <= descriptor { loans.append(Loan()) }
        loans[Int(descriptor)].added = added
    }

    mutating func lend(_ descriptor: Int32, to number: Int) { loans[Int(descriptor)].number = Int32(number) }
    mutating func takeBack(_ descriptor: Int32) { loans[Int(descriptor)].number = -1 }

    /// Nil for a socket that nobody has, or that is not the one that has this descriptor now.
    func number(_ descriptor: Int32, added: UInt32) -> Int? {
        guard descriptor < loans.count, loans[Int(descriptor)].added == added else { return nil }
        let number = Int(loans[Int(descriptor)].number)
        return number < 0 ? nil : number
    }
}
