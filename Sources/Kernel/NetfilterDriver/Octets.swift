/// Numbers as octets. Not for Int, which a literal would be: the kernel compares as many octets as it is given.
protocol RegisterNumber: FixedWidthInteger {}
extension UInt16: RegisterNumber {}
extension UInt32: RegisterNumber {}
extension Int32: RegisterNumber {}

func hostOctets(_ number: some RegisterNumber) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
func networkOctets(_ number: some RegisterNumber) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
