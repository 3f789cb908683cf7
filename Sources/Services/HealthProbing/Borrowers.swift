/// Which target's probe a lent socket carries.
struct Borrowers {
    private static let nobody: Int32 = -1
    /// By descriptor; the kernel gives out the lowest that is free.
    private var numbers: [Int32] = []

    subscript(descriptor: Int32) -> Int? {
        get {
            guard descriptor < numbers.count, numbers[Int(descriptor)] != Self.nobody else { return nil }
            return Int(numbers[Int(descriptor)])
        }
        set {
            while numbers.count <= descriptor { numbers.append(Self.nobody) }
            numbers[Int(descriptor)] = newValue.map(Int32.init) ?? Self.nobody
        }
    }
}
