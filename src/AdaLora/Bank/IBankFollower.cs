namespace AdaLora.Bank;

/// <summary>Something that has the layout of a bank, or is bound to its memory, and has to change with it.</summary>
internal interface IBankFollower
{
    /// <summary>Adds what has to be done to the steps of a change. Nothing may be changed yet, and what cannot follow has to throw now.</summary>
    void Follow(BankChange change, Transition steps);
}
