using AdaLora.Adapters;
using AdaLora.Internals;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

public sealed class ProblemsTests
{
    [Fact]
    public void Of_a_text_that_is_not_needed_nothing_is_computed()
    {
        var problems = new Problems();

        problems.Require(true, $"computed {Compute()}");
        problems.ThrowIfAny("Nothing is wrong");
        problems.Require(false, $"the number is {12:X}, the list {string.Join(' ', (int[])[1, 2])}");
        problems.Require(false, "plain");

        Assert.Equal(["the number is C, the list 1 2", "plain"], problems.Found);
        static int Compute() => throw new InvalidOperationException("It was computed.");
    }

    /// <summary>What every forward pass through an adapter checks before it computes. It used to create twenty strings of 3,312 bytes, and shapes of 984.</summary>
    [Fact]
    public void Looking_at_the_tensors_of_a_forward_pass_makes_no_garbage_to_speak_of()
    {
        using var scope = NewDisposeScope();
        var (input, weight, bias, left, lambda, right) =
            (rand(4, 8, requires_grad: true), rand(8, 8), rand(8), rand(8, 4, requires_grad: true), rand(4, 1, requires_grad: true), rand(4, 8, requires_grad: true));
        object[] arguments = [input, weight, bias, left, lambda, right, new object()];

        Assert.InRange(Allocated(() => AdaptedLinear.Check(input, weight, bias, left, lambda, right, weight.dtype)), 0, 200);
        Assert.InRange(Allocated(() => _ = new GradientNeeds(arguments)), 0, 600);
    }

    private static long Allocated(Action act)
    {
        act();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            act();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
    }
}
