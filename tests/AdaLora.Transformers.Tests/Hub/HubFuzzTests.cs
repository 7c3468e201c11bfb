using System.Text;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>A hub whose listing of a repository is damaged, or names files that lie elsewhere.</summary>
public sealed class HubFuzzTests
{
    private const string Listing = """{ "sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{ "rfilename": "config.json" }, { "rfilename": "vocab.txt" }, { "rfilename": "model.safetensors" }] }""";

    // A request takes much longer than parsing a file.
    private static readonly int Cases = Math.Min(Fuzzing.Cases, 2000) / 4;

    [Fact]
    public async Task A_damaged_listing_is_refused_by_name_and_writes_nothing_outside_the_cache()
    {
        using var hub = new HubFixture();
        var before = Entries(hub);
        var (taken, refused) = (0, 0);
        for (var seed = 0; seed < Cases; seed++)
        {
            var body = new Mutator(seed).Damage(Encoding.UTF8.GetBytes(Listing));
            hub.Hub.Intercept = request => request.Path.StartsWith("/api/", StringComparison.Ordinal)
                ? new LoopbackAnswer(200) { Headers = ["Content-Type: application/json"], Body = body }
                : null;
            try
            {
                _ = await hub.ResolveAsync(hub.Options(retries: 0, update: true));
                taken++;
            }
            catch (Exception exception) when (exception is HubException or CheckpointException)
            {
                refused++;
            }

            Assert.Equal(before, Entries(hub));
            if (Directory.Exists(hub.Cache))
                Directory.Delete(hub.Cache, recursive: true);
        }

        Assert.True(refused > 0, $"{taken} listings were taken, none refused");
    }

    [Theory]
    [InlineData("../../escaped.json")]
    [InlineData("/tmp/escaped.json")]
    [InlineData("a/../../../../escaped.json")]
    [InlineData("..\\\\..\\\\escaped.json")]
    public async Task A_file_name_that_leads_out_of_the_folder_is_not_followed(string name)
    {
        using var hub = new HubFixture();
        var before = Entries(hub);
        hub.Hub.Intercept = request => request.Path.StartsWith("/api/", StringComparison.Ordinal)
            ? LoopbackAnswer.Text(200, "application/json", Listing.Replace("vocab.txt", name, StringComparison.Ordinal))
            : null;

        try
        {
            _ = await hub.ResolveAsync(hub.Options(retries: 0));
        }
        catch (Exception exception) when (exception is HubException or CheckpointException)
        {
            // Refusing all of it is as good as leaving the file out.
        }

        Assert.Equal(before, Entries(hub));
        Assert.False(File.Exists("/tmp/escaped.json"));
        Assert.DoesNotContain(hub.Hub.Requests, request => request.Path.Contains("escaped", StringComparison.Ordinal));
    }

    // Everything beside the cache.
    private static List<string> Entries(HubFixture hub)
    {
        var parent = Path.GetDirectoryName(hub.Cache)!;
        return [.. Directory.EnumerateFileSystemEntries(parent, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(hub.Cache, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }
}
