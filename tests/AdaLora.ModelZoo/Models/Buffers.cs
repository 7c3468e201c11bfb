using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo.Models;

/// <summary>A linear class of its own that keeps its numbers in tensors, which TorchSharp registers as buffers, and can quantise them to eight bits.</summary>
internal sealed class BufferLinear : Module<Tensor, Tensor>
{
    private readonly Tensor bias;
    private Tensor? weight;

    public BufferLinear(int inputs, int outputs)
        : base(nameof(BufferLinear))
    {
        (weight, bias) = (randn(outputs, inputs) * 0.4, zeros(outputs));
        RegisterComponents();
    }

    /// <summary>One scale for each row.</summary>
    public void Quantise()
    {
        using var scope = NewDisposeScope();
        var scale = weight!.abs().amax([1], keepdim: true) / 127;
        _internal_buffers.Remove("weight");
        register_buffer("whole_weight", (weight / scale).round().to(ScalarType.Int8).MoveToOuterDisposeScope());
        register_buffer("scale", scale.squeeze(1).MoveToOuterDisposeScope());
        weight.Dispose();
        weight = null;
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var matrix = weight ?? (get_buffer("whole_weight")!.to(ScalarType.Float32) * get_buffer("scale")!.unsqueeze(1));
        return (input.matmul(matrix.t()) + bias).MoveToOuterDisposeScope();
    }
}

/// <summary>Layers of that class, which are called, or whose forward methods are.</summary>
internal sealed class BufferPerceptron : Module<Tensor, Tensor>
{
    private readonly BufferLinear first = new(6, 12);
    private readonly BufferLinear second = new(12, 3);
    private readonly bool _calls;

    public BufferPerceptron(bool calls, bool quantised = false)
        : base(nameof(BufferPerceptron))
    {
        _calls = calls;
        if (quantised)
        {
            first.Quantise();
            second.Quantise();
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return (_calls ? second.call(first.call(input).tanh()) : second.forward(first.forward(input).tanh())).MoveToOuterDisposeScope();
    }
}
