using AdaLora.Adapters;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>The way in which one adapter is attached.</summary>
/// <param name="Method">Any but <see cref="AttachmentMethod.Automatic"/>.</param>
/// <param name="Reason">Why, as a sentence without a full stop; empty for the usual way.</param>
/// <param name="Slots">The parameters or buffers that have the memory of a weight that holds the product, its own first; those of a hooked layer if it may do so should the hook not run.</param>
/// <param name="HasFallenBack">Whether that is so because a hook did not run.</param>
internal sealed record AttachmentWay(AttachmentMethod Method, string Reason, IReadOnlyList<TensorSlot> Slots, bool HasFallenBack = false)
{
    /// <summary>The usual way.</summary>
    public static AttachmentWay Replace { get; } = new(AttachmentMethod.Replace, "", []);

    public static AttachmentWay Hook(string reason, IReadOnlyList<TensorSlot> slots) => new(AttachmentMethod.Hook, reason, slots);

    public static AttachmentWay Materialise(string reason, IReadOnlyList<TensorSlot> slots) => new(AttachmentMethod.Materialise, reason, slots);

    /// <summary>The means to put an adapter in place in this way.</summary>
    public Placement Place(InjectionSite site, nn.Module<Tensor, Tensor> adapter) => Method switch
    {
        AttachmentMethod.Hook => new Hook(site, (SvdAdapter)adapter),
        AttachmentMethod.Materialise => new Materialization(site, (SvdAdapter)adapter, Slots),
        _ => new Replacement(site, adapter),
    };
}
