using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo.Models;

/// <summary>A classifier of texts: bags of words, with where each begins.</summary>
internal sealed class BagClassifier : Module<Tensor, Tensor>
{
    private readonly EmbeddingBag embedding;
    private readonly Linear fc = Linear(8, 3);

    public BagClassifier(bool sparse)
        : base(nameof(BagClassifier))
    {
        embedding = EmbeddingBag(10, 8, mode: sparse ? TorchSharp.EmbeddingBagMode.Sum : TorchSharp.EmbeddingBagMode.Mean, sparse: sparse);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var ids = (input.abs() * 4).to(ScalarType.Int64).clamp(0, 9).flatten();
        var offsets = arange(0, input.numel(), input.shape[1], dtype: ScalarType.Int64);
        return fc.forward(embedding.call(ids, offsets)).MoveToOuterDisposeScope();
    }
}

/// <summary>Two inputs that meet in a bilinear layer.</summary>
internal sealed class PairClassifier : Module<Tensor, Tensor>
{
    private readonly Bilinear pair = Bilinear(6, 6, 8);
    private readonly Linear head = Linear(8, 3);

    public PairClassifier()
        : base(nameof(PairClassifier)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return head.call(pair.call(input, input.tanh())).MoveToOuterDisposeScope();
    }
}

/// <summary>Cells that user code runs over time, each with the states of the one before.</summary>
internal sealed class CellStack : Module<Tensor, Tensor>
{
    private readonly LSTMCell lstm = LSTMCell(2, 8);
    private readonly GRUCell gru = GRUCell(8, 8);
    private readonly RNNCell rnn = RNNCell(8, 8);
    private readonly Linear head = Linear(8, 3);

    public CellStack()
        : base(nameof(CellStack)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor Start() => zeros(input.shape[0], 8);
        var (hidden, memory, second, third) = (Start(), Start(), Start(), Start());
        foreach (var step in input.view(-1, 3, 2).unbind(1))
        {
            (hidden, memory) = lstm.call(step, (hidden, memory));
            second = gru.call(hidden, second);
            third = rnn.call(second, third);
        }

        return head.call(third).MoveToOuterDisposeScope();
    }
}
