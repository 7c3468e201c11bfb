using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_made_with_its_folder_and_then_replaced()
    {
        var path = _folder.File("new", "file.txt");

        AtomicFile.Write(path, "a longer first content"u8);
        AtomicFile.Write(path, "second"u8);

        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.File("new")));
    }

    [Fact]
    public void Nothing_is_left_behind_when_the_target_cannot_be_replaced()
    {
        _ = Directory.CreateDirectory(_folder.File("target"));

        _ = Assert.ThrowsAny<Exception>(() => AtomicFile.Write(_folder.File("target"), "content"u8));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
