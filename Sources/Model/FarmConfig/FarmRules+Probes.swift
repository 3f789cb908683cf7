import FarmModel
import NetTypes

/// Probes that could only fail.
extension FarmRules {
    /// The default probe opens a TCP connection to the port that is balanced: where only UDP is, nobody answers it.
    func checkProbes() {
        guard draft.listeners.isWhole else { return }
        let tcp = Set(draft.farm.listeners.filter { $0.transport == .tcp }.map(\.address.family))
        let udp = Set(draft.farm.listeners.map(\.address.family)).subtracting(tcp)
        let guessed = draft.backends.entries.first { udp.contains($0.backend.address.family) && $0.health?.isChosen != true }
        guard let guessed, let reader = guessed.healthReader ?? fields["health"] ?? fields["listen"] else { return }
        reader.fault(
            .doesNotApply, "the default probe is tcp, and no listener of backend \(guessed.backend.name.quoted) is",
            hint: "say what is probed: health: { type: udp }, { type: none }, { port: 8080 } or { type: tcp }")
    }
}
