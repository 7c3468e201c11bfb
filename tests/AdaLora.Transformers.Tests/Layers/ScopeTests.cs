using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>A tensor that no scope holds may be freed while libtorch reads it, like a number: a caller without a scope has to be as safe.</summary>
public sealed class ScopeTests
{
    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Calls_without_a_scope_make_their_tensors_in_one(string family)
    {
        using var model = SmallClassifier.Make(family, 2);
        using var ids = ones(3, 14, dtype: ScalarType.Int64);
        using var mask = ones(3, 14, dtype: ScalarType.Int64);
        mask[2, 9] = 0;
        using var labels = zeros(3, dtype: ScalarType.Int64);
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;

        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            using var logits = model.call(ids, mask, null);
            using var all = model.call(ids, null, null);
            using var states = model.Encoder.call(ids, mask, null);
            using var loss = model.Loss(logits, labels);
        }

        foreach (var states in model.Encoder.HiddenStates(ids, mask))
            states.Dispose();
        model.Encoder.AddPrompt(2);
        model.Encoder.RemovePrompt();
        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }
}
