using AdaLora.Bank;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <content>Where the tensors are: what moves with the bank, and what must not move.</content>
public abstract partial class SvdAdapter
{
    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        // A caller that asks for the live tensors, as load_state_dict does, may write to them.
        _frozen.Forget();
        _activity.Factors?.Forget();
        return base.state_dict(destination!, prefix!);
    }

    // The triplets stay behind in the bank. Throwing here would leave the model half moved; the next use of the adapter says what to do.
    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        _base.to(device, dtype, non_blocking: non_blocking);
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        _base.to(deviceType, deviceIndex, non_blocking: non_blocking);
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        _base.to(dtype, non_blocking: non_blocking);
        return this;
    }

    /// <summary>Adds steps to a change that point the parameters to wherever the triplets are afterwards. The parameter objects stay the same.</summary>
    internal void Follow(BankChange change, Transition steps)
    {
        var (former, next) = (_slot, change.Layout[_slot.Name]);
        steps.Exchange(_right, change.Values.Right(next));
        steps.Exchange(_lambda, change.Values.Lambda(next));
        steps.Exchange(_left, change.Values.Left(next));
        steps.Add(() => _slot = next, () => _slot = former);
    }

    /// <summary>Throws if the base layer is no longer where or what it was when it was adapted: better an error here than adapters that silently stop learning.</summary>
    internal void RequireInPlace()
    {
        var weight = _layer.Stored;
        if (weight.device_type == _left.device_type && weight.device_index == _left.device_index && weight.dtype == _dtype)
            return;
        throw new InvalidOperationException(
            $"The model was moved to {weight.device} {weight.dtype} after it was adapted, but '{_slot.Name}' carries an AdaLoRA adapter on {_left.device} for {_dtype} whose triplets live in a shared bank and cannot move. "
            + "Call model.to(...) before AdaLoraModel.Attach: save the adapters or detach them, move the model, and adapt it again or load them.");
    }
}
