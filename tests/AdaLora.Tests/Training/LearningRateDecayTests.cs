using AdaLora.Training.LearningRates;
using Xunit;

namespace AdaLora.Tests.Training;

public sealed class LearningRateDecayTests
{
    public static TheoryData<string, double[]> Expected => new()
    {
        { "linear", [0, 0.5, 1, 0.75, 0.5, 0.25, 0] },
        { "cosine", [0, 0.5, 1, 0.5 * (1 + Math.Cos(Math.PI / 4)), 0.5, 0.5 * (1 + Math.Cos(Math.PI * 3 / 4)), 0] },
        { "constant", [0, 0.5, 1, 1, 1, 1, 1] },
        { "polynomial", [0, 0.5, 1, 0.1 + (0.9 * 0.5625), 0.1 + (0.9 * 0.25), 0.1 + (0.9 * 0.0625), 0.1] },
    };

    [Theory]
    [MemberData(nameof(Expected))]
    public void Two_steps_of_warm_up_then_four_of_decay(string name, double[] factors)
    {
        var decay = name switch
        {
            "linear" => LearningRateDecay.Linear,
            "cosine" => LearningRateDecay.Cosine,
            "constant" => LearningRateDecay.Constant,
            _ => LearningRateDecay.Polynomial(2, 0.1),
        };
        Assert.Equal(name, decay.Name);
        for (var step = 0; step < factors.Length; step++)
            Assert.Equal(factors[step], decay.FactorAt(step, 6, 2), 12);
        Assert.Equal(factors[^1], decay.FactorAt(1000, 6, 2), 12);
    }

    [Fact]
    public void Numbers_out_of_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateDecay.Linear.FactorAt(-1, 6, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateDecay.Linear.FactorAt(0, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateDecay.Linear.FactorAt(0, 6, 7));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateDecay.Polynomial(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateDecay.Polynomial(1, 2));
    }
}
