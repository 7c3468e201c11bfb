using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Heads;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Heads;

public sealed class CausalLMTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<bool> TiesOrNot => [true, false];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(TiesOrNot))]
    public void A_checkpoint_of_ours_comes_back(bool isTied)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Small(isTied);
        model.eval();
        model.SaveCheckpoint(_folder.Path);
        using var back = AutoModel.CausalLM(_folder.Path);
        Assert.Equal(model.named_parameters().Select(p => p.name), back.named_parameters().Select(p => p.name));
        Assert.Equal(!isTied, back.named_parameters().Any(p => p.name == "lm_head.weight"));
        Assert.True(model.call(Ids(), null, null).eq(back.call(Ids(), null, null)).all().item<bool>());
        using var decoder = AutoModel.Decoder(_folder.Path);
        Assert.True(model.Decoder.call(Ids(), null, null).eq(decoder.call(Ids(), null, null)).all().item<bool>());
    }

    /// <summary>As the first files on the hub: without the decoder's prefix, with causal masks among the weights, and with the tied head stored, or one that differs.</summary>
    [Theory]
    [MemberData(nameof(TiesOrNot))]
    public void Older_files_are_read_and_a_stored_head_that_differs_is_used(bool isTied)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using (var model = Small(isTied))
            model.SaveCheckpoint(_folder.Path);
        using var before = AutoModel.CausalLM(_folder.Path);
        var tensors = before.state_dict().ToDictionary(pair => pair.Key.Replace("transformer.", "", StringComparison.Ordinal), pair => pair.Value);
        tensors["h.0.attn.bias"] = ones(1, 1, 20, 20).tril();
        tensors["h.0.attn.masked_bias"] = tensor(-1e4f);
        tensors.TryAdd("lm_head.weight", tensors["wte.weight"].clone());
        SafetensorsWriter.Write(_folder.File("model.safetensors"), tensors);
        File.WriteAllText(_folder.File("config.json"),
            File.ReadAllText(_folder.File("config.json")).Replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true", StringComparison.Ordinal));

        using var model2 = AutoModel.CausalLM(_folder.Path);

        Assert.Empty(model2.LoadReport!.Unexpected);
        Assert.Equal(isTied, model2.Config.TiesWordEmbeddings);
        Assert.True(before.call(Ids(), null, null).eq(model2.call(Ids(), null, null)).all().item<bool>());
    }

    [Fact]
    public void Padding_on_either_side_changes_nothing_and_a_row_of_padding_gives_finite_numbers_and_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = Small();
        model.eval();
        var text = Ids().narrow(0, 0, 1);
        var alone = model.call(text, null, null);
        var pad = zeros([1, 3], ScalarType.Int64);
        var (left, right) = (cat([pad, text], 1), cat([text, pad], 1));
        var (leftMask, rightMask) = (left.ne(0).to(ScalarType.Int64), right.ne(0).to(ScalarType.Int64));
        Assert.True(allclose(alone, model.call(left, leftMask, null).narrow(1, 3, 8), 1e-5, 1e-5));
        Assert.True(allclose(alone, model.call(right, rightMask, null).narrow(1, 0, 8), 1e-5, 1e-5));

        var ids = cat([left, zeros_like(left)], 0);
        var mask = cat([leftMask, zeros_like(leftMask)], 0);
        model.Loss(ids, mask, ids).backward();
        Assert.All(model.parameters(), p => Assert.True(p.grad!.isfinite().all().item<bool>()));
    }

    /// <summary>A token depends on nothing after itself, even if dropout requires a different computation.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_token_looks_ahead(bool isTraining)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Small();
        model.train(isTraining);
        var ids = Ids();
        var other = ids.clone();
        other[0, 5] = 7;
        Tensor Logits(Tensor from)
        {
            using var seed = manual_seed(1);
            return model.call(from, null, null)[0];
        }
        var same = Logits(ids).eq(Logits(other)).all(1).data<bool>().ToArray();
        Assert.Equal([true, true, true, true, true, false], same[..6]);
    }

    [Fact]
    public void Positions_of_ones_own_are_followed_and_checked()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Small();
        model.eval();
        var from4 = arange(4, 12, dtype: ScalarType.Int64).unsqueeze(0).expand(2, -1);
        Assert.False(allclose(model.call(Ids(), null, null), model.call(Ids(), null, from4)));
        Assert.Contains("position 20", Assert.Throws<ArgumentException>(() => model.call(Ids(), null, from4 + 9)).Message, StringComparison.Ordinal);
        Assert.Contains("20 positions", Assert.Throws<ArgumentException>(() => model.call(ones([1, 21], ScalarType.Int64), null, null)).Message, StringComparison.Ordinal);
        Assert.Contains("token id 60", Assert.Throws<ArgumentException>(() => model.call(full([1, 2], 60L, ScalarType.Int64), null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_learn_on_a_decoder_and_merge()
    {
        using var scope = NewDisposeScope();
        using var model = Small();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 4, TargetRank = 2, TotalSteps = 60, Seed = 1 });
        Assert.Equal(8, adapted.Adapters.Count);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 60, LearningRate = 2e-2, ReportEvery = 1 });
        var ids = Ids();
        var losses = trainer.Fit(Enumerable.Repeat(ids, 60), batch => model.Loss(batch, null, batch)).History.Select(report => report.Loss).ToList();
        Assert.True(losses[^1] < 0.8 * losses[0], $"the loss went from {losses[0]:0.000} to {losses[^1]:0.000}");
        model.eval();
        using var noGrad = no_grad();
        var before = model.call(ids, null, null);
        adapted.MergeAndDetach();
        Assert.True(allclose(before, model.call(ids, null, null), 1e-4, 1e-4));
    }

    [Fact]
    public void Calls_without_a_scope_make_their_tensors_in_one()
    {
        using var model = Small();
        using var ids = ones(3, 14, dtype: ScalarType.Int64);
        using var mask = ones(3, 14, dtype: ScalarType.Int64);
        mask[2, 0] = 0;
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            using var logits = model.call(ids, mask, null);
            using var all = model.call(ids, null, null);
            using var loss = model.Loss(ids, mask, ids);
        }

        foreach (var states in model.Decoder.HiddenStates(ids, mask))
            states.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [Fact]
    public void A_family_without_such_a_model_is_refused_by_name()
    {
        using (var model = Small())
            model.SaveCheckpoint(_folder.Path);
        var message = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(_folder.Path)).Message;
        Assert.Contains("'gpt2', for which there is no sequence classifier", message, StringComparison.Ordinal);
        Assert.Contains("deberta-v2", message, StringComparison.Ordinal);
    }

    private static CausalLM Small(bool isTied = true) => AutoModel.NewCausalLM(
        new Gpt2Config { VocabularySize = 50, HiddenSize = 16, Layers = 2, Heads = 2, InnerSize = 24, MaxPositions = 20, TiesWordEmbeddings = isTied, InitializerRange = 0.3 }, seed: 1);

    private static Tensor Ids() => tensor((long[])[3, 9, 4, 1, 5, 8, 2, 6, 7, 7, 3, 4, 9, 1, 2, 5], [2, 8]);
}
