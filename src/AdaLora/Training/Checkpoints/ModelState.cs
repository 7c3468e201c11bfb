using AdaLora.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>Parameters that are trained directly, with their gradients within a step, and all buffers of a model.</summary>
internal static class ModelState
{
    public static void Save(StateTable state, nn.Module model, IEnumerable<(string Name, Parameter Parameter)> trained, bool withGradients)
    {
        foreach (var (name, parameter) in trained)
        {
            state.Part("parameters").Put(name, parameter.detach());
            if (withGradients && parameter.grad is { } gradient)
                state.Part("gradients").Put(name, gradient);
        }

        foreach (var (name, buffer) in model.named_buffers())
            state.Part("buffers").Put(name, buffer);
    }

    public static void Resume(StateTable state, nn.Module model, IEnumerable<(string Name, Parameter Parameter)> trained)
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in trained)
        {
            parameter.copy_(state.Part("parameters").Tensor(name));
            if (state.Part("gradients").Contains(name))
                parameter.grad = state.Part("gradients").Tensor(name).to(parameter.device, copy: true);
        }

        foreach (var (name, buffer) in model.named_buffers())
            buffer.copy_(state.Part("buffers").Tensor(name));
    }
}
