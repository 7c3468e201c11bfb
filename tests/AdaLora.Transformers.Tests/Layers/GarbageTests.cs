using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Forward and backward passes beside threads that keep the garbage collector busy give what they give without.</summary>
public sealed class GarbageTests
{
    private const int Length = 14;

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Passes_beside_them_give_the_same_bytes(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Targets = TargetModules.AllLinear, TotalSteps = 100, Dropout = 0.1, Seed = 1 });
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-0.1, 0.1);
        var ids = tensor(Enumerable.Range(0, 3 * Length).Select(place => (long)place).ToArray()).view(3, Length);
        var mask = tensor(Enumerable.Range(0, 3 * Length).Select(place => place % Length < Length - (place / Length) ? 1L : 0L).ToArray()).view(3, Length);
        var labels = tensor(new long[] { 0, 1, 1 });
        var passes = GarbageMakers.Steps / 4;
        model.eval();
        Repeat(Outputs);
        model.train();
        Repeat(Gradients);

        void Repeat(Func<byte[]> pass)
        {
            var quiet = pass();
            using var makers = new GarbageMakers();
            for (var i = 0; i < passes; i++)
                Assert.Equal(quiet, pass());
            TestContext.Current.SendDiagnosticMessage($"{family}: {passes} passes beside {makers.Collections} collections");
            Assert.True(makers.Collections > passes / 20, $"only {makers.Collections} collections");
        }

        byte[] Outputs()
        {
            using var inner = NewDisposeScope();
            using var noGrad = no_grad();
            return [.. model.call(ids, mask, null).bytes, .. model.Encoder.call(ids, mask, null).bytes];
        }

        byte[] Gradients()
        {
            using var inner = NewDisposeScope();
            using var seed = manual_seed(1);
            model.zero_grad();
            adapted.TrainableParameters[0].grad?.zero_();
            model.Loss(model.call(ids, mask, null), labels).backward();
            return [.. model.parameters().Where(weight => weight.grad is not null).SelectMany(weight => weight.grad!.contiguous().bytes.ToArray())];
        }
    }
}
