using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A slot of a ModuleList, ModuleDict or Sequential.</summary>
internal sealed class SlotReference(ModuleNode owner, ContainerSlots slots, int index) : ModuleReference(owner)
{
    public override StorageKind? Storage => slots.Storage;

    public override Type DeclaringType => Owner.Module.GetType();

    public override string Member => $"[{index}]";

    public override Type HeldType => slots.SlotType;

    public override nn.Module? Read() => index < slots.Count ? slots[index] : null;

    public override void Write(nn.Module module) => slots[index] = module;

    public override void Clear() => slots.RemoveAt(index);
}
