import FarmModel
import NetTypes

/// Where slots stand that are all that verdicts change: one listener's, in one map.
struct SlotPlace: Sendable, Hashable {
    /// In the farm.
    let listener: Int
    /// Nil for a listener that takes its whole address.
    let ports: PortRange?
    let form: Selection.Ports
    /// How far into the listener's range the port lies, where each port of it is a key.
    let offset: UInt16
    let map: CompiledFarm.SetName
    let spares: CompiledFarm.SetName

    init(_ mouth: Mouth, of farm: Farm, in map: CompiledFarm.SetName, spares: CompiledFarm.SetName) {
        listener = farm.listeners.firstIndex(of: mouth.listener) ?? 0
        (ports, form, offset) = (mouth.key.isWhole ? nil : mouth.ports, mouth.form, mouth.offset)
        (self.map, self.spares) = (map, spares)
    }

    func mouth(_ farm: Farm) -> Mouth {
        let listener = farm.listeners[listener]
        return ports.map { Mouth(listener, $0, form, offset: offset) } ?? Mouth(whole: listener)
    }
}
