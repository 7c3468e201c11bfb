using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Internals;

/// <summary>The one place where files are created: the old file or the complete new one, and nothing else, whatever fails.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("file");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_appears_whole_and_replaces_the_one_before()
    {
        AtomicFile.WriteText(Target, "first");
        AtomicFile.WriteText(Target, "second");

        Assert.Equal("second", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_name_as_long_as_names_can_be_is_written_too()
    {
        var longest = _folder.File(new string('n', 255));

        AtomicFile.WriteText(longest, "content");

        Assert.Equal("content", File.ReadAllText(longest));
    }

    [Fact]
    public void A_disk_that_is_full_at_any_byte_or_at_the_flush_leaves_the_old_file_and_nothing_else()
    {
        AtomicFile.WriteText(Target, "old");
        for (var room = 0; room <= 12; room++)
        {
            var full = room;

            Assert.Throws<IOException>(() => AtomicFile.Write(Target, stream => stream.Write("a new one"u8), path => new FullDisk(path, full)));

            Assert.Equal("old", File.ReadAllText(Target));
            Assert.Equal([Target], Directory.GetFiles(_folder.Path));
        }
    }

    [Fact]
    public void A_failure_names_the_file_and_what_to_do_and_not_the_temporary_one()
    {
        var full = new IOException("No space left on device : '/somewhere/.0123.tmp'", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
        // What .NET does when a file grows beyond a limit of the process.
        var tooLarge = new ArgumentOutOfRangeException("value", "Specified file length was too large for the file system.");
        var denied = new UnauthorizedAccessException("Access to the path is denied.");

        foreach (var (failure, words) in ((Exception, string)[])[(full, "No space left on device. Free some"), (tooLarge, "ulimit -f"), (new PathTooLongException(), "shorter"),
            (new IOException("Odd."), "Odd.")])
        {
            var told = Assert.Throws<IOException>(() => AtomicFile.Write(Target, Throws(failure)));

            Assert.StartsWith($"'{Target}' can't be written: ", told.Message, StringComparison.Ordinal);
            Assert.Contains(words, told.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(".tmp", told.Message, StringComparison.Ordinal);
        }

        Assert.Contains("Choose another folder", Assert.Throws<UnauthorizedAccessException>(() => AtomicFile.Write(Target, Throws(denied))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, Throws(new InvalidOperationException())));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(Target, "");

        Assert.StartsWith($"'{Path.Combine(Target, "below")}' can't be written: ", Assert.Throws<IOException>(() => AtomicFile.MakeFolder(Path.Combine(Target, "below"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_cannot_be_replaced_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Target);

        Assert.ThrowsAny<Exception>(() => AtomicFile.WriteText(Target, "content"));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void What_killed_processes_left_is_swept_and_files_of_others_stay()
    {
        string[] others = [_folder.File(".hidden.tmp"), _folder.File("0123456789abcdef0123456789abcdef.tmp"), Target];
        foreach (var path in (string[])[.. others, _folder.File(".0123456789abcdef0123456789abcdef.tmp")])
            File.WriteAllText(path, "");

        AtomicFile.Sweep(_folder.Path);

        Assert.Equal(others.Order(StringComparer.Ordinal), Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_pipe_in_place_of_a_file_is_refused_and_not_waited_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made with mkfifo.");
        Pipes.Make(Target);

        Assert.Contains(Target, Assert.Throws<IOException>(() => RegularFile.ReadAllBytes(Target)).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => SafetensorsFile.Open(Target));
        Assert.Throws<IOException>(() => RegularFile.ReadAllBytes("/dev/zero"));
    }

    private static Action<Stream> Throws(Exception failure) => _ => throw failure;

    /// <summary>A file on a disk that has room for a few more bytes, and for none when they are flushed.</summary>
    private sealed class FullDisk(string path, int room) : MemoryStream
    {
        private readonly FileStream _file = new(path, FileMode.CreateNew);
        private int _left = room;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _left -= buffer.Length;
            _file.Write(buffer);
            if (_left < 0)
                throw new IOException("No space left on device");
        }

        public override void Flush() => throw new IOException("No space left on device");

        protected override void Dispose(bool disposing)
        {
            _file.Dispose();
            base.Dispose(disposing);
        }
    }
}
