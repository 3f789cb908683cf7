/// The files of a load, read again for faults that are found after all of them were parsed.
struct FileSources {
    let files: [FarmFile]

    func source(_ index: Int) -> SourceText { SourceText(files[index]) }

    func enter(_ index: Int, _ log: FaultLog) { log.enter(source(index), index: index) }
}
