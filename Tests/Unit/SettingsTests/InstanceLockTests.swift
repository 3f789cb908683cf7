import Glibc
import Testing

@testable import Daemon

@Suite struct InstanceLockTests {
    private func newDirectory() throws -> String {
        // Six letters that mkdtemp(3) replaces.
        var template = Array("/tmp/zvnft-lock-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Why a second daemon may not have the directory of a first one whose number is said to be this.
    private func refusal(ofHolder number: Int32) throws -> String? {
        let directory = try newDirectory()
        defer {
            unlink("\(directory)/lock")
            rmdir(directory)
        }
        let first = try InstanceLock(directory: directory)
        let file = try #require(fopen("\(directory)/lock", "w"))
        fputs("\(number)\n", file)
        fclose(file)
        let words = words(ofASecondIn: directory)
        _ = consume first
        return words
    }

    private func words(ofASecondIn directory: String) -> String? {
        do throws(OtherInstance) { _ = try InstanceLock(directory: directory) } catch { return error.description }
        return nil
    }

    /// Something else in the place of the file keeps nobody from locking.
    @Test func theDirectoryIsLockedWhereItsFileCannotBe() throws {
        let directory = try newDirectory()
        try #require(mkdir("\(directory)/lock", 0o700) == 0)
        defer {
            rmdir("\(directory)/lock")
            rmdir(directory)
        }
        let first = try InstanceLock(directory: directory)
        #expect(words(ofASecondIn: directory) != nil)
        _ = consume first
        #expect(words(ofASecondIn: directory) == nil)
    }

    @Test func theHolderIsNamed() throws {
        #expect(try refusal(ofHolder: getpid())?.contains(", process \(getpid())) uses ") == true)
    }

    /// In another PID namespace the number is somebody else's here.
    @Test func aProcessOfAnotherNameIsNotTheHolder() throws {
        var other = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
        defer { for text in arguments { free(text) } }
        try #require(posix_spawn(&other, "/bin/sleep", nil, nil, &arguments, environ) == 0)
        defer {
            kill(other, SIGKILL)
            waitpid(other, nil, 0)
        }
        #expect(try refusal(ofHolder: other)?.hasPrefix("another zvnftd uses ") == true)
    }
}
