/// First in, first out, without moving what waits.
struct NumberQueue {
    private var numbers: [Int] = []
    private var head = 0

    var isEmpty: Bool { head == numbers.count }

    mutating func append(_ number: Int) { numbers.append(number) }

    mutating func popFirst() -> Int? {
        guard head < numbers.count else { return nil }
        defer {
            head += 1
            if head == numbers.count {
                numbers.removeAll(keepingCapacity: true)
                head = 0
            }
        }
        return numbers[head]
    }
}
