import ControlAPI

extension TraceView: Presentable {
    var names: [String] { outcomes.map(\.result) }

    func text(_ style: TextStyle) -> String {
        let steps = steps.map { "  \(Printable.text($0))\n" }.joined()
        let columns: [Table.Column] = [.right("SHARE"), "RESULT", "FARM", "BACKEND"]
        let rows = outcomes.sorted(by: Outcome.comesFirst).map(\.cells)
        return "\(Printable.text(from)) -> \(Printable.text(to))\n" + steps + "\n" + Table(columns, rows: rows).text(style)
    }
}

extension TraceView.Outcome {
    fileprivate static func comesFirst(_ left: Self, _ right: Self) -> Bool {
        left.share == right.share ? left.result < right.result : left.share > right.share
    }

    fileprivate var cells: [Table.Cell] {
        [Table.Cell(percent(share)), Table.Cell(result), Table.Cell(farm ?? "-"), Table.Cell(backend ?? "-")]
    }
}
