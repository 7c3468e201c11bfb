using AdaLora.TestSupport;
using AdaLora.Training.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

/// <summary>Checkpoints that another process overwrites while they are read.</summary>
public sealed class ExchangedCheckpointTests : IDisposable
{
    private const int Entries = 200_000;
    private const int Reads = 150;

    private static readonly Dictionary<string, string> NoSettings = [];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void They_are_what_their_name_says_or_refused(bool byRenaming)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Files that are open cannot be written over on Windows.");
        using var scope = NewDisposeScope();
        var path = Write(1);
        var (own, other) = (File.ReadAllBytes(path), File.ReadAllBytes(Write(2)));
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                Exchange(path, i % 2 == 0 ? other : own, byRenaming);
        });
        writer.Start();
        var (taken, refused) = (0, 0);
        try
        {
            for (var i = 0; i < Reads; i++)
            {
                if (TryRead(path))
                    taken++;
                else
                    refused++;
            }
        }
        finally
        {
            stop.Cancel();
            writer.Join();
        }

        // In whichever order the two came.
        Assert.Equal(Reads, taken + refused);
        File.WriteAllBytes(path, other);
        Assert.False(TryRead(path));
        File.WriteAllBytes(path, own);
        Assert.True(TryRead(path));
    }

    private static bool TryRead(string path)
    {
        try
        {
            var (tensors, _) = CheckpointStore.Read(path);
            using var values = tensors["values"];
            Assert.Equal(Entries, values.data<float>().Count(value => value == 1));
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
    }

    private static void Exchange(string path, byte[] content, bool byRenaming)
    {
        var target = byRenaming ? path + ".new" : path;
        using (var stream = new FileStream(target, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            stream.Write(content);
        if (byRenaming)
            File.Move(target, path, overwrite: true);
    }

    private string Write(float value) =>
        new CheckpointStore(_folder.Path).Write((long)value, new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["values"] = full(Entries, value) }, NoSettings);
}
