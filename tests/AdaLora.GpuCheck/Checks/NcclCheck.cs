using AdaLora.Processes;
using AdaLora.Processes.Nccl;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>NCCL with one process: that it is found, connects, and leaves the numbers of a card as they are.</summary>
internal sealed class NcclCheck : ICheck
{
    private const int Numbers = 1 << 20;

    public string Name => "nccl";

    public string Title => "Exchange over NCCL with one process";

    public double LeastSeconds => 0;

    public void Run(CheckContext context)
    {
        if (!context.IsOnCard)
            throw new CheckSkippedException("There is no card for NCCL to work on.");
        NcclProcessGroup group;
        try
        {
            group = new NcclProcessGroup(ProcessGroup.Single, context.Device);
        }
        catch (NcclException e)
        {
            throw new CheckSkippedException(e.Message);
        }

        using (group)
        {
            foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Float16])
            {
                using var scope = NewDisposeScope();
                var numbers = randn([Numbers], device: context.Device).to(type);
                var expected = numbers.clone();
                group.AllReduce(numbers);
                context.Require(numbers.equal(expected).all().cpu().item<bool>(), $"The sum over one process changes numbers of {type}.");
                group.Broadcast(numbers, 0);
                context.Require(numbers.equal(expected).all().cpu().item<bool>(), $"A broadcast by the only process changes numbers of {type}.");
            }
        }

        context.Note($"NCCL sums and broadcasts {Numbers} numbers of four types on {context.Device}.");
    }
}
