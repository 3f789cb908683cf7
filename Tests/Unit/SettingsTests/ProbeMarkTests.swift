import FarmModel
import Testing

@testable import Daemon

@Suite struct ProbeMarkTests {
    @Test func bitsAreRead() throws {
        #expect(Settings().probeMarks == .standard)
        #expect(try Settings(yaml: "probeMark: 0x00fff000", file: "f").probeMarks.mask == 0x00FF_F000)
    }

    @Test(arguments: ["0x7", "0xf0f0", "255", "all", "0x1ffff0000", "[0xff]"]) func otherThanBitsSideBySideAreRefused(bits: String) {
        let fault = #expect(throws: SettingsFault.self) { try Settings(yaml: "probeMark: \(bits)", file: "f") }
        #expect(fault?.description.hasPrefix("f:1:1: probeMark is bits of the packet mark") == true)
    }
}
