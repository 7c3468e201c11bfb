using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>The slots of TorchSharp's containers, whose own lists are read by the forward pass.</summary>
internal abstract class ContainerSlots
{
    public abstract StorageKind Storage { get; }

    public abstract Type SlotType { get; }

    public abstract int Count { get; }

    public abstract nn.Module this[int index] { get; set; }

    public abstract void RemoveAt(int index);

    /// <summary>The slots of a container (or of a class derived from one); null for any other module.</summary>
    public static ContainerSlots? Of(nn.Module module) => module switch
    {
        Sequential sequential => new SequentialSlots(sequential),
        ModuleList<nn.Module> list => new ListSlots<nn.Module>(list),
        ModuleDict<nn.Module> dict => new DictSlots<nn.Module>(dict),
        _ => OfElementType(module),
    };

    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Elements are classes, which share the code of the instantiations above.")]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(ListSlots<>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicConstructors, typeof(DictSlots<>))]
    private static ContainerSlots? OfElementType(nn.Module module)
    {
        for (var type = module.GetType(); type is not null; type = type.BaseType)
        {
            var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
            var slots = definition == typeof(ModuleList<>) ? typeof(ListSlots<>) : definition == typeof(ModuleDict<>) ? typeof(DictSlots<>) : null;
            if (slots is not null)
                return (ContainerSlots)Activator.CreateInstance(slots.MakeGenericType(type.GetGenericArguments()), module)!;
        }

        return null;
    }

    private sealed class ListSlots<T>(ModuleList<T> list) : ContainerSlots
        where T : nn.Module
    {
        public override StorageKind Storage => StorageKind.ModuleListSlot;

        public override Type SlotType => typeof(T);

        public override int Count => list.Count;

        public override nn.Module this[int index]
        {
            get => list[index];
            set => list[index] = (T)value;
        }

        public override void RemoveAt(int index) => list.RemoveAt(index);
    }

    private sealed class DictSlots<T>(ModuleDict<T> dict) : ContainerSlots
        where T : nn.Module
    {
        public override StorageKind Storage => StorageKind.ModuleDictEntry;

        public override Type SlotType => typeof(T);

        public override int Count => dict.Count;

        public override nn.Module this[int index]
        {
            get => dict[index].Item2;
            set => dict[index] = (dict[index].Item1, (T)value);
        }

        public override void RemoveAt(int index) => dict.RemoveAt(index);
    }

    /// <summary>Sequential provides no way to replace a module, so its private list is changed.</summary>
    private sealed class SequentialSlots(Sequential sequential) : ContainerSlots
    {
        public override StorageKind Storage => StorageKind.SequentialSlot;

        public override Type SlotType => typeof(nn.IModule<Tensor, Tensor>);

        public override int Count => sequential.Count;

        public override nn.Module this[int index]
        {
            get => (nn.Module)sequential[index];
            set => Modules(sequential)[index] = (nn.IModule<Tensor, Tensor>)value;
        }

        public override void RemoveAt(int index)
        {
            Modules(sequential).RemoveAt(index);
            Names(sequential).RemoveAt(index);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_modules")]
        private static extern ref List<nn.IModule<Tensor, Tensor>> Modules(Sequential sequential);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_names")]
        private static extern ref List<string> Names(Sequential sequential);
    }
}
