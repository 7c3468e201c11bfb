using AdaLora.Internals;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Classifiers compute the states of first tokens only, without rows for padding: that must give what the states of all tokens give.</summary>
public sealed class FirstStatesTests
{
    // Tokens of each of three texts, and how many places of padding are in front of them.
    private static readonly Dictionary<string, (int Front, int Tokens)[]> Texts = new(StringComparer.Ordinal)
    {
        ["full"] = [(0, Length), (0, Length), (0, Length)],
        ["padded"] = [(0, Length), (0, 9), (0, 6)],
        ["hardly padded"] = [(0, Length), (0, Length), (0, Length - 2)],
        ["in front"] = [(0, Length), (2, Length - 2), (1, Length - 2)],
    };

    private const int Length = 14;

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, string>();
            foreach (var family in SmallClassifier.Families)
            {
                foreach (var mask in Texts.Keys.Prepend("none"))
                {
                    foreach (var front in (string[])["", "prompt", "prefix"])
                        cases.Add(family, mask, front);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_and_all_gradients_are_those_of_the_whole_states(string family, string mask, string front)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        _ = model.to(float64);
        model.eval();
        if (front == "prompt")
            model.Encoder.AddPrompt(2);
        else if (front == "prefix")
            model.Encoder.AddPrefixes(2);
        var ids = arange(5, 5 + (3 * Length), dtype: int64).view(3, Length);
        var marks = MaskOf(mask);

        var whole = model.Encoder.call(ids, marks, null).select(1, 0);
        var expected = Gradients(model, whole);
        var firsts = model.Encoder.FirstStates(ids, marks, null);
        var actual = Gradients(model, firsts);

        Assert.Equal([3, 16], firsts.shape);
        Assert.True((whole - firsts).abs().max().item<double>() < 1e-12);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, e => Assert.True((e.Value - actual[e.Key]).abs().max().item<double>() < 1e-13 * (1 + e.Value.abs().max().item<double>()), e.Key));
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("full", false)]
    [InlineData("padded", true)]
    [InlineData("hardly padded", false)]
    [InlineData("in front", false)]
    public void Rows_are_left_out_where_that_changes_nothing(string mask, bool isPacked)
    {
        using var scope = NewDisposeScope();
        var embedded = rand(3, Length, 4);

        var rows = PackedTokens.ForFirsts(embedded, MaskOf(mask));

        Assert.Equal(isPacked, rows.IsPacked);
        Assert.Equal(mask is "none" or "full", rows.Additive is null);
        // 29 tokens, and three places of padding to fill up a multiple of 16.
        Assert.Equal(isPacked ? 32 : 3 * Length, rows.FromTexts(embedded).shape[0]);
        Assert.True(rows.ToTexts(rows.FromTexts(embedded)).eq(embedded).sum(-1).gt(0).sum().item<long>() == (isPacked ? 32 : 3 * Length));
        Assert.True(rows.AtLastLayer().Kept(rows.FromTexts(embedded)).eq(embedded.select(1, 0)).all().item<bool>());
    }

    private static Tensor? MaskOf(string name) => name == "none"
        ? null
        : tensor(Texts[name].SelectMany(t => Enumerable.Range(0, Length).Select(i => i >= t.Front && i < t.Front + t.Tokens ? 1L : 0)).ToArray()).view(3, Length);

    private static Dictionary<string, Tensor> Gradients(SequenceClassifier model, Tensor states)
    {
        model.zero_grad();
        (states * arange(1, 17, dtype: float64)).square().sum().backward();
        return model.named_parameters().Where(p => p.parameter.grad is not null).ToDictionary(p => p.name, p => p.parameter.grad!.clone());
    }
}
