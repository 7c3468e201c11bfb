using AdaLora.Experiments.Runs;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

public sealed class HeldOutExamplesTests
{
    [Theory]
    [InlineData(100, 0.1, 10)]
    [InlineData(7, 0.5, 4)]
    [InlineData(5, 0.01, 1)]
    [InlineData(5, 0.99, 4)]
    [InlineData(1, 0.5, 0)]
    [InlineData(100, 0, 0)]
    [InlineData(0, 0.5, 0)]
    public void Every_row_is_on_one_side(int count, double part, int kept)
    {
        var divided = HeldOutExamples.Of(count, part);

        Assert.Equal(kept, divided.KeptAside.Count);
        Assert.Equal(Enumerable.Range(0, count), divided.Trained.Concat(divided.KeptAside).Order());
        Assert.Equal(divided.Trained, HeldOutExamples.Of(count, part).Trained);
        Assert.Equal(divided.Trained.Order(), divided.Trained);
    }

    [Fact]
    public void Rows_are_kept_aside_at_random() => Assert.NotEqual(Enumerable.Range(0, 50), HeldOutExamples.Of(100, 0.5).KeptAside);

    [Fact]
    public void A_group_is_not_divided()
    {
        var divided = HeldOutExamples.Of(100, 0.3, row => row / 7);

        Assert.Equal(Enumerable.Range(0, 100), divided.Trained.Concat(divided.KeptAside).Order());
        Assert.InRange(divided.KeptAside.Count, (3 * 7) + 2, 5 * 7);
        Assert.Empty(divided.Trained.Select(row => row / 7).Intersect(divided.KeptAside.Select(row => row / 7)));
        Assert.Empty(HeldOutExamples.Of(10, 0.5, _ => 0).KeptAside);
    }
}
