using AdaLora.Training;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Texts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Texts;

/// <summary>Texts as rows of a batch.</summary>
public sealed class TrainingRowsTests
{
    private static readonly TrainingText[] Four =
        [new([3, 9, 4, 1, 5]), new([8, 2], [true, true]), new([6, 7, 7, 3], [false, false, true, true]), new([4, 9, 1], [true, false, true])];

    [Fact]
    public void Padded_and_packed_rows_hold_the_same_texts()
    {
        using var scope = NewDisposeScope();
        var padded = TrainingRows.Padded(Four, padId: 1);
        Assert.Equal((4, 5, 14, 4 + 1 + 2 + 1), (padded.Rows, padded.Length, padded.Tokens, padded.CountedTokens));
        var packed = TrainingRows.Packed(Four, 7, padId: 1);
        Assert.Equal((2, 7, 14, 8), (packed.Rows, packed.Length, packed.Tokens, packed.CountedTokens));
        var (ids, texts, labels) = packed.ToTensors();
        Assert.Equal([3, 9, 4, 1, 5, 8, 2, 6, 7, 7, 3, 4, 9, 1], ids.data<long>().ToArray());
        Assert.Equal([1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 2, 2], texts.data<long>().ToArray());
        Assert.Equal([-100, 9, 4, 1, 5, -100, 2, -100, -100, 7, 3, -100, -100, 1], labels.data<long>().ToArray());
        Assert.Equal(16, TrainingRows.Packed(Four, 9, multipleOf: 8).Length);
    }

    [Theory]
    [MemberData(nameof(SmallDecoder.Families), MemberType = typeof(SmallDecoder))]
    public void Packing_changes_neither_loss_nor_gradients(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make(family);
        model.to(ScalarType.Float64);
        model.eval();
        var (padded, gradients) = Loss(model, TrainingRows.Padded(Four));
        var (packed, others) = Loss(model, TrainingRows.Packed(Four, 14));
        Assert.Equal(padded, packed, 1e-12);
        Assert.All(gradients.Zip(others), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-11));
    }

    /// <summary>A step weighs every token alike, however the texts are spread over the batches of the step.</summary>
    [Fact]
    public void How_texts_are_spread_over_the_batches_of_a_step_makes_no_difference()
    {
        var whole = Train([[0, 1, 2, 3]], pack: false);
        Assert.Equal(whole, Train([[0, 1], [2, 3]], pack: false), Near);
        Assert.Equal(whole, Train([[0], [1, 2, 3]], pack: true), Near);
        Assert.NotEqual(whole, Train([[0, 1], [2, 3]], pack: true, asMeans: true), Near);
    }

    [Fact]
    public void Rows_are_filled_and_no_text_is_lost()
    {
        var lengths = Enumerable.Range(0, 500).Select(i => 1 + (i * 37 % 60)).ToArray();
        var rows = TextPacking.Pack(lengths, 64);
        Assert.Equal(Enumerable.Range(0, 500), rows.SelectMany(row => row).Order());
        Assert.All(rows, row => Assert.True(row.Sum(text => lengths[text]) <= 64));
        Assert.True(rows.Count <= 1.03 * lengths.Sum() / 64, $"{rows.Count} rows for {lengths.Sum()} tokens");
        Assert.Equal(rows.Select(row => row[0]).Order(), rows.Select(row => row[0]));
        Assert.Empty(TextPacking.Pack([], 5));
    }

    [Fact]
    public void What_makes_no_row_is_refused()
    {
        Assert.Contains("truncate", Assert.Throws<ArgumentException>(() => TrainingRows.Packed(Four, 4)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TrainingRows.Padded([]));
        Assert.Throws<ArgumentException>(() => new TrainingText([]));
        Assert.Throws<ArgumentException>(() => new TrainingText([1, -1]));
        Assert.Throws<ArgumentException>(() => new TrainingText([1, 2], [true]));
        using var model = SmallDecoder.Make("llama");
        Assert.Contains("token id 50", Assert.Throws<ArgumentException>(() => TrainingRows.Padded([new TrainingText([1, 50])]).LossOf(model)).Message, StringComparison.Ordinal);
        Assert.Equal([1, 2], new TrainingText([1, 2, 3], [true, true, true]).Truncated(2).Ids);
    }

    private static (double Loss, List<Tensor> Gradients) Loss(CausalLM model, TrainingRows rows)
    {
        model.zero_grad();
        var loss = rows.LossOf(model);
        Assert.Equal(8, loss.Count.item<double>());
        loss.Sum.backward();
        return (loss.Sum.item<double>(), [.. model.parameters().Select(p => p.grad!.clone())]);
    }

    private static double[] Train(int[][] batches, bool pack, bool asMeans = false)
    {
        using var scope = NewDisposeScope();
        var config = (LlamaConfig)SmallDecoder.Config("llama");
        using var model = AutoModel.NewCausalLM(config, seed: 1);
        model.to(ScalarType.Float64);
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 3, GradientAccumulation = batches.Length, LearningRate = 1e-3 });
        var rows = batches.Select(batch => batch.Select(text => Four[text]).ToArray()).Select(texts => pack ? TrainingRows.Packed(texts, 14) : TrainingRows.Padded(texts)).ToList();
        if (asMeans)
            trainer.Fit(rows, batch => { var loss = batch.LossOf(model); return loss.Sum / loss.Count; });
        else
            trainer.Fit(rows, batch => batch.LossOf(model));
        return [.. model.parameters().SelectMany(p => p.reshape(-1).data<double>().ToArray())];
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-10;
}
