using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Models;

/// <summary>Scores every word after the words before it, by a linear layer between embeddings and a head that may share their table.</summary>
internal sealed class WordModel : Module<Tensor, Tensor>
{
    public const int Words = 12;
    private readonly Embedding words = Embedding(Words, 6);
    private readonly Linear hidden = Linear(6, 6);
    private readonly Linear head = Linear(6, Words, hasBias: false);

    public WordModel(bool tied)
        : base(nameof(WordModel))
    {
        using var seed = manual_seed(7);
        using (no_grad())
        {
            foreach (var weight in (Tensor[])[words.weight!, hidden.weight, hidden.bias!, head.weight])
                init.normal_(weight, 0, 0.5);
        }

        if (tied)
            head.weight = words.weight!;
        RegisterComponents();
    }

    public Tensor Table => words.weight!;

    /// <summary>A batch of texts; the same for the same seed.</summary>
    public static Tensor Texts(int seed = 3)
    {
        var random = new Random(seed);
        return tensor([.. Enumerable.Range(0, 40).Select(_ => (long)random.Next(Words))]).view(8, 5).clone();
    }

    public Tensor Loss(Tensor texts)
    {
        using var scope = NewDisposeScope();
        var scores = call(texts.narrow(1, 0, 4));
        return functional.cross_entropy(scores.view(-1, Words), texts.narrow(1, 1, 4).reshape(-1)).MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return head.call(hidden.call(words.call(input)).tanh()).MoveToOuterDisposeScope();
    }
}
