/// First in, first out, without moving what waits.
struct NumberQueue {
    private var numbers: [Int] = []
    private var head = 0

    var isEmpty: Bool { head == numbers.count }
    var count: Int { numbers.count - head }

    mutating func append(_ number: Int) { numbers.append(number) }

    mutating func popFirst() -> Int? {
        guard head < numbers.count else { return nil }
        defer {
            head += 1
            // What was taken is given back once it is half of the whole: the queue may never be empty.
            if 2 * head >= numbers.count {
                numbers.removeFirst(head)
                head = 0
            }
        }
        return numbers[head]
    }
}
