using AdaLora.Internals;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Prompts and prefixes in encoders of every family.</summary>
public sealed class PromptTests
{
    private const int Length = 3;

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (var family in SmallClassifier.Families)
            {
                cases.Add(family, true);
                cases.Add(family, false);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_is_trained_and_changes_what_the_model_computes_until_it_is_taken_out(string family, bool isPrompt)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        model.eval();
        var names = model.named_parameters().Select(p => p.name).ToList();
        var before = Encode(model, Ids());
        Add(model, isPrompt);
        var added = model.named_parameters().Where(p => !names.Contains(p.name)).ToList();

        Assert.Equal(isPrompt ? 1 : 4, added.Count);
        Assert.All(added, p => Assert.Equal([Length, 16], p.parameter.shape));
        var after = Encode(model, Ids());
        Assert.Equal(before.shape, after.shape);
        Assert.False(before.allclose(after));
        model.call(Ids(), null, null).sum().backward();
        Assert.All(added, p => Assert.True(p.parameter.grad!.abs().sum().item<float>() > 0, p.name));

        model.Encoder.RemovePrompt();
        model.Encoder.RemovePrefixes();
        Assert.Equal(names, model.named_parameters().Select(p => p.name));
        Assert.True(before.eq(Encode(model, Ids())).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Padding_changes_nothing(string family, bool isPrompt)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        model.eval();
        Add(model, isPrompt);
        var padId = model.Encoder.Config.PadId;
        var padded = cat([Ids(), full([2, 4], padId, dtype: ScalarType.Int64)], 1);
        var mask = cat([ones_like(Ids()), zeros([2, 4], dtype: ScalarType.Int64)], 1);

        Assert.True(Encode(model, Ids()).allclose(Encode(model, padded, mask).narrow(1, 0, 6), atol: 1e-5));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void States_of_all_layers_are_those_of_the_text(string family, bool isPrompt)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallClassifier.Make(family, 2);
        model.eval();
        Add(model, isPrompt);
        var states = model.Encoder.HiddenStates(Ids());

        Assert.All(states, state => Assert.Equal([2, 6, 16], state.shape));
        Assert.True(states[^1].eq(Encode(model, Ids())).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_can_neither_be_added_twice_nor_saved_in_a_checkpoint(string family, bool isPrompt)
    {
        using var model = SmallClassifier.Make(family, 2);
        Add(model, isPrompt);

        Assert.Contains("first", Assert.Throws<InvalidOperationException>(() => Add(model, isPrompt)).Message, StringComparison.Ordinal);
        Assert.Contains(isPrompt ? "RemovePrompt" : "RemovePrefixes", Assert.Throws<InvalidOperationException>(() => model.SaveCheckpoint(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Encoder.AddPrompt(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Encoder.AddPrefixes(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_prefix_is_attended_to_as_the_definition_says(bool training)
    {
        const int heads = 2, size = 4;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var prefix = new AttentionPrefix(Length, heads * size, ScalarType.Float64, CPU);
        foreach (var parameter in prefix.parameters())
            parameter.copy_(randn(parameter.shape));
        Tensor Draw() => randn([2, 5, heads * size], dtype: ScalarType.Float64);
        var (query, key, value) = (Draw(), Draw(), Draw());
        var mask = AttentionMask.ToAdditive(tensor(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 0, 0 }).view(2, 5), ScalarType.Float64);

        // A rate that drops nothing takes the way of training.
        var actual = new MultiHeadAttention(heads, dropout: 1e-15).Apply(query, key, value, mask, training, prefix);

        var tensors = prefix.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        for (var text = 0; text < 2; text++)
        {
            for (var head = 0; head < heads; head++)
            {
                var part = TensorIndex.Slice(head * size, (head + 1) * size);
                var real = text == 0 ? 5 : 3;
                var keys = cat([tensors["key"][.., part], key[text][..real, part]]);
                var values = cat([tensors["value"][.., part], value[text][..real, part]]);
                var expected = query[text][.., part].mm(keys.t()).div(Math.Sqrt(size)).softmax(-1).mm(values);
                Assert.True(expected.allclose(actual[text][.., part], atol: 1e-12));
            }
        }
    }

    private static Tensor Ids() => tensor(new long[] { 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }).view(2, 6);

    private static Tensor Encode(SequenceClassifier model, Tensor ids, Tensor? mask = null)
    {
        using var noGrad = no_grad();
        return model.Encoder.call(ids, mask, null);
    }

    private static void Add(SequenceClassifier model, bool isPrompt)
    {
        if (isPrompt)
            model.Encoder.AddPrompt(Length);
        else
            model.Encoder.AddPrefixes(Length);
    }
}
