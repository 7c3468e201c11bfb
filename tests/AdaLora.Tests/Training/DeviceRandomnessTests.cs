using System.Reflection;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

public sealed class DeviceRandomnessTests
{
    [Fact]
    public void Seeds_of_a_card_follow_from_the_hosts_generator()
    {
        using var before = get_rng_state();
        var first = (DeviceRandomness.DrawSeed(), DeviceRandomness.DrawSeed());
        set_rng_state(before);

        Assert.Equal(first, (DeviceRandomness.DrawSeed(), DeviceRandomness.DrawSeed()));
        Assert.NotEqual(first.Item1, first.Item2);
    }

    [Fact]
    public void Nothing_is_drawn_for_a_training_on_the_CPU()
    {
        using var weights = zeros(2);
        using var before = get_rng_state();

        new DeviceRandomness([weights]).Reseed();

        using var after = get_rng_state();
        Assert.Equal(before.data<byte>().ToArray(), after.data<byte>().ToArray());
    }

    /// <summary>The guide says so. Once this fails, kernels that add in any order can be forbidden.</summary>
    [Fact]
    public void TorchSharp_cannot_ask_for_deterministic_kernels() =>
        Assert.True(typeof(TorchSharp.torch).GetMethod("use_deterministic_algorithms")!.GetCustomAttribute<ObsoleteAttribute>() is { IsError: true });

    [Fact]
    public void A_card_draws_the_same_again_from_the_same_state_of_the_host()
    {
        Assert.SkipUnless(cuda.is_available(), "There is no CUDA device.");
        using var weights = zeros(2, device: CUDA);
        using var before = get_rng_state();
        var randomness = new DeviceRandomness([weights]);

        float[] Draw()
        {
            randomness.Reseed();
            using var drawn = rand(8, device: CUDA).cpu();
            return drawn.data<float>().ToArray();
        }

        var (first, second) = (Draw(), Draw());
        set_rng_state(before);
        Assert.Equal((first, second), (Draw(), Draw()));
        Assert.NotEqual(first, second);
    }
}
