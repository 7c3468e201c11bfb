using AdaLora.Transformers.Tokenization;
using CsCheck;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class TruncationTests
{
    [Theory]
    [InlineData(3, 4, 7, 3, 4)]
    [InlineData(3, 4, 6, 3, 3)]
    [InlineData(3, 9, 6, 3, 3)]
    [InlineData(9, 3, 7, 4, 3)]
    [InlineData(5, 5, 5, 2, 3)]
    [InlineData(9, 8, 5, 3, 2)]
    [InlineData(8, 9, 5, 2, 3)]
    [InlineData(0, 9, 5, 0, 5)]
    [InlineData(4, 4, 0, 0, 0)]
    public void Longest_first_gives_the_odd_place_to_the_longer_text(int first, int second, int room, int keptFirst, int keptSecond) =>
        Assert.Equal((keptFirst, keptSecond), Truncation.Fit(first, second, room, TruncationStrategy.LongestFirst));

    [Fact]
    public void Longest_first_fills_the_room_exactly_and_never_lengthens() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40], Gen.Int[0, 60]).Sample((first, second, room) =>
        {
            var (keptFirst, keptSecond) = Truncation.Fit(first, second, room, TruncationStrategy.LongestFirst);
            Assert.Equal(Math.Min(first + second, room), keptFirst + keptSecond);
            Assert.InRange(keptFirst, 0, first);
            Assert.InRange(keptSecond, 0, second);
        });

    [Fact]
    public void Refuses_to_cut_more_than_the_chosen_text_has()
    {
        Assert.Equal((2, 9), Truncation.Fit(5, 9, 11, TruncationStrategy.OnlyFirst));
        Assert.Equal((5, 6), Truncation.Fit(5, 9, 11, TruncationStrategy.OnlySecond));
        _ = Assert.Throws<ArgumentException>(() => Truncation.Fit(5, 9, 3, TruncationStrategy.OnlyFirst));
        _ = Assert.Throws<ArgumentException>(() => Truncation.Fit(5, 9, 9, TruncationStrategy.OnlyFirst));
        _ = Assert.Throws<ArgumentException>(() => Truncation.Fit(5, 9, 5, TruncationStrategy.OnlySecond));
        Assert.Equal((1, 9), Truncation.Fit(5, 9, 10, TruncationStrategy.OnlyFirst));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Truncation.Fit(5, 9, 3, (TruncationStrategy)9));
    }
}
