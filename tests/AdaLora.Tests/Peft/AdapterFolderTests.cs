using AdaLora.Peft;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Peft;

/// <summary>Two files that are replaced together or not at all. Nothing here needs libtorch.</summary>
public sealed class AdapterFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private string Folder => _temporary.File("adapter");

    [Fact]
    public void Files_are_written_and_others_left_alone()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "notes.md"), "mine");
        Write("one");
        Write("two");
        Assert.Equal(("two", "two"), Read());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "notes.md"], Names());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_full_disk_leaves_the_older_adapter(int failing)
    {
        Write("old");
        var opened = 0;
        Stream Create(string path) => opened++ == failing ? new FullDisk(path) : File.Create(path);
        Assert.StartsWith($"'{Folder}' can't be written: ", Assert.Throws<IOException>(() => AdapterFolder.Write(Folder, Contents("new"), Create)).Message, StringComparison.Ordinal);
        Assert.Equal(failing + 1, opened);
        Assert.Equal(("old", "old"), Read());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Names());
    }

    [Fact]
    public void A_content_that_cannot_be_made_leaves_the_older_adapter()
    {
        Write("old");
        var contents = Contents("new");
        contents["adapter_config.json"] = _ => throw new InvalidOperationException("no content");
        Assert.Throws<InvalidOperationException>(() => AdapterFolder.Write(Folder, contents));
        Assert.Equal(("old", "old"), Read());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Names());
    }

    /// <summary>Which of the two files had been moved to its place when the process was killed.</summary>
    [Theory]
    [InlineData]
    [InlineData("adapter_model.safetensors")]
    [InlineData("adapter_model.safetensors", "adapter_config.json")]
    public void A_process_killed_while_moving_leaves_the_newer_adapter(params string[] moved)
    {
        Write("old");
        var pending = Directory.CreateDirectory(Path.Combine(Folder, ".adapter-pending")).FullName;
        foreach (var file in (string[])["adapter_config.json", "adapter_model.safetensors"])
            File.WriteAllText(Path.Combine(moved.Contains(file) ? Folder : pending, file), "new");
        Assert.Equal(("new", "new"), Read());

        // The next writer finishes it first, so that a failure still leaves the newer one.
        Assert.Throws<IOException>(() => AdapterFolder.Write(Folder, Contents("newest"), path => new FullDisk(path)));
        Assert.Equal(("new", "new"), Read());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Names());
    }

    [Fact]
    public void A_process_killed_while_writing_leaves_the_older_adapter_and_its_rest_is_removed_by_the_next_one()
    {
        Write("old");
        var staging = Directory.CreateDirectory(Path.Combine(Folder, ".adapter-staging-0123")).FullName;
        File.WriteAllText(Path.Combine(staging, "adapter_model.safetensors"), "ne");
        Assert.Equal(("old", "old"), Read());
        Write("new");
        Assert.Equal(("new", "new"), Read());
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Names());
    }

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    public void A_folder_where_a_file_has_to_be_is_refused_before_anything_is_written(string name)
    {
        Directory.CreateDirectory(Path.Combine(Folder, name));
        Assert.Contains(name, Assert.Throws<IOException>(() => Write("new")).Message, StringComparison.Ordinal);
        Assert.Equal([name], Names());
    }

    [Fact]
    public void A_path_that_is_a_file_is_refused()
    {
        File.WriteAllText(Folder, "a file");
        Assert.ThrowsAny<IOException>(() => Write("new"));
        Assert.Equal("a file", File.ReadAllText(Folder));
    }

    [Fact]
    public void A_link_that_leads_out_of_the_folder_is_replaced_and_what_it_leads_to_is_left_alone()
    {
        var outside = _temporary.File("outside");
        File.WriteAllText(outside, "theirs");
        Directory.CreateDirectory(Folder);
        File.CreateSymbolicLink(Path.Combine(Folder, "adapter_model.safetensors"), outside);
        Write("new");
        Assert.Equal("theirs", File.ReadAllText(outside));
        Assert.Equal(("new", "new"), Read());
    }

    public void Dispose() => _temporary.Dispose();

    private static Dictionary<string, Action<Stream>> Contents(string text) => new(StringComparer.Ordinal)
    {
        ["adapter_config.json"] = stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(text)),
        ["adapter_model.safetensors"] = stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(text)),
    };

    private void Write(string text) => AdapterFolder.Write(Folder, Contents(text));

    private (string Config, string Weights) Read() =>
        (File.ReadAllText(AdapterFolder.Find(Folder, AdapterFolder.ConfigFile)), File.ReadAllText(AdapterFolder.Find(Folder, AdapterFolder.WeightsFile)));

    private IEnumerable<string> Names() => Directory.GetFileSystemEntries(Folder).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal);

    /// <summary>Accepts one byte and then no more.</summary>
    private sealed class FullDisk(string path) : FileStream(path, FileMode.CreateNew)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer[..1]);
            throw new IOException("No space left on device");
        }
    }
}
