import ReconcilePolicy
import Seams

extension Reconciler {
    /// What operators have said at run time. That it is lost is said: backends that were taken out on purpose serve again.
    func restoreOverrides() async {
        do throws(StateFault) {
            let kept = try await keeper.overrides()
            desired.set(overrides: kept.overrides)
            if let damage = kept.damage {
                log.warning("a state file or its copy is damaged, missing or old; both are written anew", metadata: ["damage": "\(damage)"])
                await saveOverrides()
            }
        } catch {
            log.error("operator overrides are lost", metadata: ["error": "\(error)", "consequence": "\(Self.consequence)"])
            events.post(.override, "overrides are LOST: \(error); \(Self.consequence)")
            losses = [Self.words(of: "\(error)")]
            // What was set aside is safe; anything else would be overwritten.
            if await !keeper.lostOverrides().isEmpty { await saveOverrides() }
        }
        await lookForLosses()
    }

    /// Said until the file that was set aside is removed, over restarts, too.
    func lookForLosses() async {
        let files = await keeper.lostOverrides()
        guard files != lostFiles else { return }
        lostFiles = files
        losses = files.map { Self.words(of: "the damaged file is \($0); remove it when that is done") }
        publish()
    }

    private static let consequence =
        "backends that were drained, in maintenance or of another weight serve as their farm files say, until `lbctl backend` says so anew"

    private static func words(of place: String) -> String { "operator overrides were LOST: \(consequence) (\(place))" }
}
