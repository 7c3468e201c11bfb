using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.DebertaV2;
using Xunit;

namespace AdaLora.Transformers.Tests.Families.DebertaV2;

public sealed class RelativePositionGoldenTests
{
    [Fact]
    public void Buckets_of_all_distances_match()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(TestMaterial.RequireGolden("models", "deberta_buckets.json")));
        var settings = json.RootElement.EnumerateArray().ToList();
        Assert.NotEmpty(settings);
        foreach (var setting in settings)
        {
            var (buckets, reach) = (setting.GetProperty("position_buckets").GetInt32(), setting.GetProperty("max_position").GetInt32());
            var expected = setting.GetProperty("bucket_of_distance_0_up").EnumerateArray().Select(b => b.GetInt32()).ToList();
            Assert.Equal(expected, Enumerable.Range(0, expected.Count).Select(d => RelativePositions.Bucket(d, buckets, reach)));
            Assert.Equal(expected.Select(b => -b), Enumerable.Range(0, expected.Count).Select(d => RelativePositions.Bucket(-d, buckets, reach)));
        }
    }
}
