using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo.Models;

/// <summary>Attention whose projections are packed in native code.</summary>
internal sealed class PackedAttention : Module<Tensor, Tensor>
{
    private readonly MultiheadAttention attention = MultiheadAttention(6, 2);
    private readonly Linear head = Linear(6, 3);

    public PackedAttention()
        : base(nameof(PackedAttention)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input.unsqueeze(0);
        var (states, _) = attention.call(x, x, x, null, false, null);
        return head.call(states.squeeze(0)).MoveToOuterDisposeScope();
    }
}

/// <summary>A whole encoder layer in native code.</summary>
internal sealed class NativeEncoder : Module<Tensor, Tensor>
{
    private readonly TransformerEncoderLayer layer = TransformerEncoderLayer(6, 2, 12, 0);
    private readonly Linear head = Linear(6, 3);

    public NativeEncoder()
        : base(nameof(NativeEncoder)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return head.call(layer.call(input.unsqueeze(0), null!, null!).squeeze(0)).MoveToOuterDisposeScope();
    }
}

/// <summary>Recurrent layers over the rows of the input, as one sequence.</summary>
internal sealed class Recurrent : Module<Tensor, Tensor>
{
    private readonly LSTM lstm = LSTM(6, 8, batchFirst: true);
    private readonly GRU gru = GRU(8, 8, batchFirst: true);
    private readonly Linear head = Linear(8, 3);

    public Recurrent()
        : base(nameof(Recurrent)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (states, _, _) = lstm.call(input.unsqueeze(0), null);
        var (more, _) = gru.call(states, null);
        return head.call(more.squeeze(0)).MoveToOuterDisposeScope();
    }
}

/// <summary>Embeddings whose weight is also the output projection, as two parameters over one storage.</summary>
internal sealed class TiedLanguageModel : Module<Tensor, Tensor>
{
    private readonly Embedding words = Embedding(10, 8);
    private readonly Linear hidden = Linear(8, 8);
    private readonly Linear output = Linear(8, 10, hasBias: false);

    public TiedLanguageModel()
        : base(nameof(TiedLanguageModel))
    {
        output.weight = words.weight!;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var ids = (input.abs() * 4).to(ScalarType.Int64).clamp(0, 9);
        return output.call(hidden.call(words.call(ids)).tanh()).mean([1]).MoveToOuterDisposeScope();
    }
}

/// <summary>A bag of embeddings and a head.</summary>
internal sealed class Tagger : Module<Tensor, Tensor>
{
    private readonly Embedding words = Embedding(10, 8, padding_idx: 0);
    private readonly Linear head = Linear(8, 3);

    public Tagger()
        : base(nameof(Tagger)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var ids = (input.abs() * 4).to(ScalarType.Int64).clamp(0, 9);
        return head.call(words.call(ids).sum(1)).MoveToOuterDisposeScope();
    }
}
