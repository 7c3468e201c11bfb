using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo.Models;

/// <summary>Sealed convolutions with batch norm and activations in place.</summary>
internal sealed class ConvolutionalNet : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1 = Conv2d(1, 4, 3, padding: 1);
    private readonly BatchNorm2d bn1 = BatchNorm2d(4);
    private readonly Conv2d conv2 = Conv2d(4, 4, 3, padding: 1, groups: 2);
    private readonly Linear fc = Linear(4 * 6, 3);

    public ConvolutionalNet()
        : base(nameof(ConvolutionalNet)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var images = input.view(-1, 1, 2, 3);
        return fc.call(conv2.call(bn1.call(conv1.call(images)).relu_()).tanh().flatten(1)).MoveToOuterDisposeScope();
    }
}

/// <summary>Down and up again, with a skip connection.</summary>
internal sealed class SkipNet : Module<Tensor, Tensor>
{
    private readonly Conv2d down = Conv2d(1, 4, 2, stride: 1);
    private readonly ConvTranspose2d up = ConvTranspose2d(4, 3, 2, stride: 1);
    private readonly Conv2d head = Conv2d(4, 3, 1);

    public SkipNet()
        : base(nameof(SkipNet)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var images = input.view(-1, 1, 2, 3);
        return head.call(cat([up.call(down.call(images).tanh()), images], 1)).mean([2, 3]).MoveToOuterDisposeScope();
    }
}

/// <summary>Convolutions over one and three dimensions, in sealed fields.</summary>
internal sealed class SequenceAndVolume : Module<Tensor, Tensor>
{
    private readonly Conv1d sequence = Conv1d(2, 4, 3, padding: 1, padding_mode: TorchSharp.PaddingModes.Circular);
    private readonly Conv3d volume = Conv3d(1, 3, (4, 1, 3), groups: 1);

    public SequenceAndVolume()
        : base(nameof(SequenceAndVolume)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var states = sequence.call(input.view(-1, 2, 3)).tanh();
        return volume.call(states.view(-1, 1, 4, 1, 3)).flatten(1).MoveToOuterDisposeScope();
    }
}
