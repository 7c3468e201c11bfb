using AdaLora.Experiments.Programs;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_made_with_its_folder_and_then_replaced()
    {
        var path = _folder.File("new", "file.txt");

        OutputFile.Write(path, "a longer first content"u8.ToArray());
        OutputFile.Write(path, "second"u8.ToArray());

        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.File("new")));
    }

    [Fact]
    public void Nothing_is_left_behind_when_the_target_cannot_be_replaced()
    {
        _ = Directory.CreateDirectory(_folder.File("target"));

        _ = Assert.ThrowsAny<Exception>(() => OutputFile.Write(_folder.File("target"), "content"u8.ToArray()));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
