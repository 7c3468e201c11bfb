using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Injection;

/// <summary>All that must be the same after injecting and detaching: objects, names, their order, flags, and outputs.</summary>
internal sealed class ModelState
{
    private readonly (string, nn.Module)[] _modules;
    private readonly (string, TorchSharp.Modules.Parameter)[] _parameters;
    private readonly KeyValuePair<string, Tensor>[] _state;
    private readonly (string, bool)[] _flags;
    private readonly float[] _output;

    private ModelState(nn.Module<Tensor, Tensor> model)
    {
        _modules = [.. model.named_modules()];
        _parameters = [.. model.named_parameters()];
        _state = [.. model.state_dict()];
        _flags = [.. model.named_modules().Select(pair => (pair.name, pair.module.training))];
        _output = Run(model);
    }

    public static ModelState Of(nn.Module<Tensor, Tensor> model) => new(model);

    public static float[] Run(nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return model.call(arange(8, ScalarType.Float32).reshape(2, 4) / 8).data<float>().ToArray();
    }

    public void AssertSame(nn.Module<Tensor, Tensor> model)
    {
        var now = Of(model);
        Assert.Equal(_modules.Select(pair => pair.Item1), now._modules.Select(pair => pair.Item1));
        Assert.All(_modules.Zip(now._modules), pair => Assert.Same(pair.First.Item2, pair.Second.Item2));
        Assert.Equal(_parameters.Select(pair => pair.Item1), now._parameters.Select(pair => pair.Item1));
        Assert.All(_parameters.Zip(now._parameters), pair => Assert.Same(pair.First.Item2, pair.Second.Item2));
        Assert.Equal(_state.Select(pair => pair.Key), now._state.Select(pair => pair.Key));
        Assert.All(_state.Zip(now._state), pair => Assert.Same(pair.First.Value, pair.Second.Value));
        Assert.Equal(_flags, now._flags);
        Assert.Equal(_output, now._output);
    }
}
