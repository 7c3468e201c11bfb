using AdaLora.Internals;
using AdaLora.Transformers.Families.Bert;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

public sealed class EncoderBehaviourTests
{
    private static BertConfig Config => new() { VocabularySize = 50, HiddenSize = 16, Layers = 2, Heads = 2, IntermediateSize = 24, MaxPositions = 12, HiddenDropout = 0.2, AttentionDropout = 0.2 };

    [Fact]
    public void Forward_and_backward_leave_no_tensors_behind()
    {
        using var model = new BertForSequenceClassification(Config, 2, seed: 1);
        model.train();
        var counts = new List<long>();
        for (var step = 0; step < 20; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                var logits = model.call(randint(0, 50, [3, 7], dtype: ScalarType.Int64), ones(3, 7, dtype: ScalarType.Int64), null);
                model.Loss(logits, zeros(3, dtype: ScalarType.Int64)).backward();
            }

            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[2], counts[^1]);
    }

    [Fact]
    public void Dropout_in_training_changes_the_outcome_but_not_its_mean()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = new BertForSequenceClassification(Config, 2, seed: 1);
        var ids = randint(0, 50, [1, 9], dtype: ScalarType.Int64);
        model.eval();
        var (quiet, again) = (model.Encoder.call(ids, null, null), model.Encoder.call(ids, null, null));
        Assert.True(quiet.eq(again).all().item<bool>());
        model.train();
        var many = stack([.. Enumerable.Range(0, 400).Select(_ => model.Encoder.call(ids, null, null))]);
        Assert.True(many.std([0L], true, false).mean().item<float>() > 0.1);
        Assert.True((many.mean([0L]) - quiet).abs().mean().item<float>() < 0.15);
    }

    [Fact]
    public void A_saved_checkpoint_comes_back_bit_for_bit()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using var model = new BertForSequenceClassification(Config, 3, seed: 1);
            model.SaveCheckpoint(folder);
            using var back = AutoModel.SequenceClassifier(folder);
            Assert.Equal(3, back.Labels);
            Assert.Empty(back.LoadReport!.NewlyInitialized);
            foreach (var (name, value) in model.state_dict())
                Assert.True(value.eq(back.state_dict()[name]).all().item<bool>(), name);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Wrong_shapes_and_faulty_configurations_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(Config, 2, seed: 1);
        Assert.Contains("positions", Assert.Throws<ArgumentException>(() => model.call(zeros(1, 13, dtype: ScalarType.Int64), null, null)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.call(zeros(1, 5, dtype: ScalarType.Int64), ones(1, 4, dtype: ScalarType.Int64), null));
        Assert.Throws<ArgumentException>(() => model.call(zeros(5, dtype: ScalarType.Int64), null, null));
        var faults = Assert.Throws<ArgumentException>(() => new BertForSequenceClassification(Config with { Heads = 3, HiddenDropout = 2, HiddenActivation = "nope" }, 2, seed: 1)).Message;
        Assert.Contains("3 heads", faults, StringComparison.Ordinal);
        Assert.Contains("dropout", faults, StringComparison.Ordinal);
        Assert.Contains("nope", faults, StringComparison.Ordinal);
    }
}
